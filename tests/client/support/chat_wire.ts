import type { Clock, SocketConstructor, SocketLike } from "client/mod.ts";
import { CHAT_METHODS, type ChatMethod } from "protocol/chat_methods.ts";
import { BarrageError, toWire } from "protocol/errors.ts";
import { json } from "protocol/json.ts";
import type { Connection } from "routes/gateway/connection.ts";
import type { ChatNode } from "tests/support/chat_cluster.ts";
import { person, viewer } from "tests/support/room_stage.ts";
import type { VirtualClock } from "tests/support/virtual_clock.ts";

const LATENCY_MS = 2;
const YEAR_MS = 31_536_000_000;

export function clientClock(clock: VirtualClock): Clock {
  return {
    now: () => clock.monotonic(),
    set: (callback, ms) => clock.after(ms, callback),
    clear: (handle) => (handle as (() => void) | undefined)?.(),
  };
}

interface Request {
  readonly id: number | string;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** How one device reaches a node: sockets whose other end is the node's own chat desk, and what befalls them. */
export class ChatWire {
  readonly WebSocket: SocketConstructor;
  /** Methods of all calls that reached the server, in order. */
  readonly asked: Request[] = [];
  /** Answers other than to a sync come so much later than what is told meanwhile. */
  answersLateMs = 0;
  /** What is told comes twice. */
  twice = false;
  /** Cut off when the next call of this method is made, or has been carried out. */
  #trap: { readonly method: string; readonly when: "asked" | "answered" } | undefined;
  #socket: WireSocket | undefined;

  constructor(readonly node: ChatNode, readonly user: number, readonly clock: VirtualClock) {
    const connected = (socket: WireSocket) => this.#socket = socket;
    const wire = () => this;
    this.WebSocket = class extends WireSocket {
      constructor() {
        super(wire());
        connected(this);
      }
    };
  }

  cut(): void {
    this.#socket?.cut();
  }

  cutWhen(method: string, when: "asked" | "answered"): void {
    this.#trap = { method, when };
  }

  springs(method: string, when: "asked" | "answered"): boolean {
    if (this.#trap?.method !== method || this.#trap.when !== when) return false;
    this.#trap = undefined;
    return true;
  }
}

class WireSocket implements SocketLike {
  binaryType = "blob";
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  readonly #wire: ChatWire;
  readonly #connection: Connection;
  #open = true;

  constructor(wire: ChatWire) {
    this.#wire = wire;
    const isOpen = () => this.#open;
    this.#connection = {
      get open() {
        return isOpen();
      },
      codec: json,
      send: (frame: string) => this.#tell(frame),
      notify: (method: string, params: unknown) =>
        this.#tell(JSON.stringify({ jsonrpc: "2.0", method, params })),
    } as unknown as Connection;
    this.#later(() => this.onopen?.({}));
  }

  send(data: string | Uint8Array): void {
    this.#later(() => this.#asked(JSON.parse(data as string)));
  }

  close(): void {
    this.#end();
  }

  cut(): void {
    if (!this.#end()) return;
    this.#wire.clock.after(LATENCY_MS, () => this.onclose?.({ code: 1006, reason: "" }));
  }

  #end(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#wire.node.chat.desk.closed(this.#connection);
    return true;
  }

  async #asked(request: Request): Promise<void> {
    const { id, method } = request;
    if (this.#wire.springs(method, "asked")) return this.cut();
    this.#wire.asked.push(request);
    const { answer, onSent } = await this.#answer(request);
    if (this.#wire.springs(method, "answered")) return this.cut();
    if (!this.#open) return;
    const late = method === "chat.sync" ? 0 : this.#wire.answersLateMs;
    this.#say(JSON.stringify({ jsonrpc: "2.0", id, ...answer }), late);
    onSent?.();
  }

  async #answer({ method, params }: Request): Promise<{ answer: object; onSent?: (() => void) | undefined }> {
    const { user, node } = this.#wire;
    if (method === "session.hello") {
      const hello = { user: person(user), session: "S", heartbeatMs: 20_000, expiresInMs: YEAR_MS };
      return { answer: { result: hello } };
    }
    if (method === "session.ping") return { answer: { result: { now: 0 } } };
    try {
      const parsed = CHAT_METHODS[method as ChatMethod].params.parse(params);
      const caller = { ...viewer(user), address: "test" } as never;
      const answer = await node.chat.desk.call(this.#connection, caller, method as ChatMethod, parsed, 100);
      return { answer: { result: answer.result }, onSent: answer.onSent };
    } catch (error) {
      return { answer: { error: toWire(BarrageError.from(error)) } };
    }
  }

  #tell(frame: string): void {
    this.#say(frame, 0);
    if (this.#wire.twice) this.#say(frame, 0);
  }

  #say(data: string, lateMs: number): void {
    this.#later(() => this.onmessage?.({ data }), lateMs);
  }

  #later(run: () => void, ms = 0): void {
    this.#wire.clock.after(LATENCY_MS + ms, () => this.#open && run());
  }
}
