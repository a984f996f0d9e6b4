import type { LoadSocket } from "../socket.ts";

/** How many times a text was said, as told by one frame. */
export interface Said {
  readonly text: string;
  readonly count: number;
}

export interface Heard {
  readonly said: readonly Said[];
  /** Messages the server reports it left out for this viewer. */
  readonly dropped: number;
}

export interface Answer {
  readonly id: number;
  readonly accepted: boolean;
}

/** What the load must know about one server's wire format. */
export interface Dialect {
  /** Path and query of the WebSocket. */
  readonly path: string;
  /** Makes a fresh socket a member of the room. `origin` is the server's `http://host:port`. */
  enter(socket: LoadSocket, origin: string, room: string): Promise<void>;
  /** The frame that says `text`; answered under `id`. */
  say(room: string, id: number, text: string): string;
  /** The answer to a `say`; undefined for any other frame. */
  answer(frame: string): Answer | undefined;
  /** What a frame delivers; undefined when it delivers nothing. */
  heard(frame: string): Heard | undefined;
  /** Sent by every member each 15 s, so that the server takes it for alive. */
  readonly beat?: string;
}

/** Sends a frame and resolves with the first frame that `accept` turns into a value. Rejects after 30 s. */
export function ask<T>(
  socket: LoadSocket,
  frame: string | undefined,
  accept: (frame: string) => T | undefined,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new Error("Cannot enter: no answer in 30 s")), 30_000);
  socket.hear((text) => {
    try {
      const value = accept(text);
      if (value !== undefined) resolve(value);
    } catch (error) {
      reject(error);
    }
  });
  if (frame !== undefined) socket.send(frame);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.hear(() => {});
  });
}
