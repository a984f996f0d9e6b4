import type { WireError } from "protocol/errors.ts";
import type { Result } from "protocol/methods.ts";
import type { Clock } from "./clock.ts";
import type { Codec } from "./codec.ts";
import { type Incoming, messagesIn } from "./envelope.ts";
import { BarrageCallError } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { SocketLike } from "./socket.ts";

export interface LinkEvents {
  opened(hello: Result<"session.hello">): void;
  message(message: Incoming): void;
  /** Called once, also when the link never opened. */
  lost(why: LinkLoss): void;
}

export type LinkLoss =
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  | { readonly kind: "refused"; readonly error: BarrageCallError }
  | { readonly kind: "silent" }
  | { readonly kind: "garbled"; readonly cause: unknown };

const HELLO_ID = "hello";
const PING_ID = "ping";

/** One WebSocket from handshake to end: says hello, keeps the heartbeat, decodes frames. It never reconnects. */
export class Link {
  readonly generation: number;
  readonly token: string | undefined;
  readonly #socket: SocketLike;
  readonly #codec: Codec;
  readonly #clock: Clock;
  readonly #events: LinkEvents;
  readonly #openTimer: unknown;
  #heartbeat: Heartbeat | undefined;
  #over = false;

  constructor(
    generation: number,
    options: {
      socket: SocketLike;
      codec: Codec;
      clock: Clock;
      /** Without one the cookies of the handshake tell who it is. */
      token: string | undefined;
      openTimeoutMs: number;
    },
    events: LinkEvents,
  ) {
    this.generation = generation;
    this.token = options.token;
    this.#socket = options.socket;
    this.#codec = options.codec;
    this.#clock = options.clock;
    this.#events = events;
    this.#openTimer = options.clock.set(() => this.#lose({ kind: "silent" }), options.openTimeoutMs);
    this.#socket.binaryType = "arraybuffer";
    const params = options.token === undefined ? {} : { token: options.token };
    this.#socket.onopen = () => this.send({ jsonrpc: "2.0", id: HELLO_ID, method: "session.hello", params });
    this.#socket.onmessage = (event) => this.#received(event.data);
    this.#socket.onclose = (event) => this.#lose({ kind: "closed", code: event.code, reason: event.reason });
    this.#socket.onerror = () => {}; // A close event with the code always follows.
  }

  send(frame: unknown): void {
    if (this.#over) return;
    this.#heartbeat?.sent();
    this.#socket.send(this.#codec.encode(frame));
  }

  /** Ends the link on purpose; `lost` is not called. */
  close(): void {
    if (this.#end()) this.#socket.close(1000, "Client closed");
  }

  #received(data: unknown): void {
    if (this.#over) return;
    this.#heartbeat?.heard();
    for (const message of messagesIn(this.#decode(data))) {
      if (message.kind === "notification") this.#events.message(message);
      else if (message.reply.id === HELLO_ID) this.#greeted(message.reply);
      else if (message.reply.id !== PING_ID) this.#events.message(message);
      if (this.#over) return;
    }
  }

  #decode(data: unknown): unknown {
    try {
      return this.#codec.decode(data instanceof ArrayBuffer ? new Uint8Array(data) : data as string);
    } catch (cause) {
      this.#lose({ kind: "garbled", cause });
      return [];
    }
  }

  #greeted(reply: { result: unknown } | { error: WireError }): void {
    if ("error" in reply) {
      return this.#lose({ kind: "refused", error: BarrageCallError.fromWire(reply.error) });
    }
    const hello = reply.result as Result<"session.hello">;
    this.#clock.clear(this.#openTimer);
    this.#heartbeat = new Heartbeat(this.#clock, hello.heartbeatMs, {
      ping: () => this.send({ jsonrpc: "2.0", id: PING_ID, method: "session.ping", params: {} }),
      dead: () => this.#lose({ kind: "silent" }),
    });
    this.#events.opened(hello);
  }

  #lose(why: LinkLoss): void {
    if (!this.#end()) return;
    if (why.kind !== "closed") this.#socket.close(1000, "Client gave up");
    this.#events.lost(why);
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#clock.clear(this.#openTimer);
    this.#heartbeat?.stop();
    return true;
  }
}
