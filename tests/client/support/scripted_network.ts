import assert from "node:assert/strict";
import type { SocketConstructor, SocketLike } from "client/mod.ts";
import { settle } from "./fake_clock.ts";

interface Request {
  id: number | string;
  method: string;
  params: Record<string, unknown>;
}

/** The server's end of one WebSocket, played by the test: what arrives is kept, what is sent is written out. */
export class ScriptedSocket implements SocketLike {
  binaryType = "blob";
  onopen: SocketLike["onopen"] = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror: SocketLike["onerror"] = null;
  readonly received: Request[] = [];
  closedByClient = false;

  constructor(readonly url: string, readonly protocols: string[]) {}

  send(data: string | Uint8Array): void {
    assert(typeof data === "string");
    this.received.push(JSON.parse(data));
  }

  close(): void {
    this.closedByClient = true;
  }

  /** Accepts the handshake and the hello. */
  async accept(heartbeatMs = 20_000, expiresInMs = 2_592_000_000): Promise<void> {
    this.onopen?.({});
    const user = { id: "U1", name: "Ann" };
    await this.reply("session.hello", { user, session: "S1", heartbeatMs, expiresInMs });
  }

  get methods(): string[] {
    return this.received.map((request) => request.method);
  }

  last(method: string): Request {
    const request = this.received.findLast((one) => one.method === method);
    assert(request, `no ${method} among ${this.methods}`);
    return request;
  }

  /** Answers the newest call of the method. */
  reply(method: string, result: unknown): Promise<void> {
    return this.#deliver({ jsonrpc: "2.0", id: this.last(method).id, result });
  }

  fail(method: string, reason: string, details: object = {}): Promise<void> {
    const error = { code: -32000, message: reason, data: { reason, ...details } };
    return this.#deliver({ jsonrpc: "2.0", id: this.last(method).id, error });
  }

  notify(method: string, params: unknown): Promise<void> {
    return this.#deliver({ jsonrpc: "2.0", method, params });
  }

  async drop(code = 1006, reason = ""): Promise<void> {
    this.onclose?.({ code, reason });
    await settle();
  }

  async raw(data: string): Promise<void> {
    this.onmessage?.({ data });
    await settle();
  }

  #deliver(message: unknown): Promise<void> {
    return this.raw(JSON.stringify(message));
  }
}

export class ScriptedNetwork {
  readonly sockets: ScriptedSocket[] = [];
  readonly WebSocket: SocketConstructor;

  constructor() {
    const sockets = this.sockets;
    this.WebSocket = class extends ScriptedSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        sockets.push(this);
      }
    };
  }

  get newest(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    assert(socket, "nothing has connected");
    return socket;
  }
}
