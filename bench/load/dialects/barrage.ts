import type { GuestToken } from "protocol/users.ts";
import type { Method, NotificationParams, Params, Result } from "protocol/methods.ts";
import type { WireError } from "protocol/errors.ts";
import type { z } from "zod";
import type { LoadSocket } from "../socket.ts";
import { type Answer, ask, type Dialect, type Heard } from "./dialect.ts";

/** The rate at which members send `beat`; the server must allow as much silence. */
const BEAT_MS = 15_000;

/** Barrage over JSON: every member is a guest with a token of its own. */
export const barrage: Dialect = {
  path: "/v1/ws",
  async enter(socket, origin, room) {
    const { token } = await takeGuestToken(origin);
    const { heartbeatMs } = await greet(socket, token);
    if (heartbeatMs < BEAT_MS) {
      throw new Error(`Cannot stay connected: heartbeats are due every ${heartbeatMs} ms`);
    }
    await call(socket, "room.join", { room });
  },
  say: (room, id, text) => request(id, "room.say", { room, text }),
  answer: readAnswer,
  heard: readHeard,
  beat: request(0, "session.ping", {}),
};

export async function greet(socket: LoadSocket, token: string): Promise<Result<"session.hello">> {
  return await call(socket, "session.hello", { token });
}

export async function takeGuestToken(origin: string): Promise<z.infer<typeof GuestToken>> {
  const response = await fetch(`${origin}/v1/guests`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  if (response.status !== 201) throw new Error(`Cannot take a guest token: ${await response.text()}`);
  return await response.json();
}

function request<M extends Method>(id: number, method: M, params: Params<M>): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

async function call<M extends Method>(socket: LoadSocket, method: M, params: Params<M>): Promise<Result<M>> {
  return await ask(socket, request(1, method, params), (frame): Result<M> | undefined => {
    if (isFrame(frame)) return undefined;
    const { result, error }: { result?: Result<M>; error?: WireError } = JSON.parse(frame);
    if (error !== undefined) throw new Error(`Cannot call ${method}: ${error.data.reason}`);
    return result;
  });
}

/** Told apart by the head, as parsing every frame of the room at every talker would cost more than the load itself. */
function isFrame(frame: string): boolean {
  return frame.slice(0, 60).includes('"room.frame"');
}

function readAnswer(frame: string): Answer | undefined {
  if (isFrame(frame)) return undefined;
  const { id, error } = JSON.parse(frame);
  return typeof id === "number" ? { id, accepted: error === undefined } : undefined;
}

function readHeard(frame: string): Heard | undefined {
  if (!isFrame(frame)) return undefined;
  const { params }: { params: NotificationParams<"room.frame"> } = JSON.parse(frame);
  return { said: params.items, dropped: params.dropped?.say ?? 0 };
}
