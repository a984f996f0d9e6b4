import type { Codec } from "protocol/codec.ts";
import { json } from "protocol/json.ts";
import type { Notification, NotificationParams } from "protocol/methods.ts";

const DEADLINE_MS = 5_000;

export interface ReplyMessage {
  readonly id: string | number | null;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly reason: string; readonly path?: string; readonly retryAfterMs?: number };
  };
}

interface NoticeMessage {
  readonly method: string;
  readonly params: unknown;
}

/** What the server sends: a reply, a batch of replies, or a notification. */
export type Message = ReplyMessage | ReplyMessage[] | NoticeMessage;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export interface SocketClientOptions {
  readonly codec?: Codec;
  /** Replaces what the codec would ask for; an empty list asks for nothing. */
  readonly protocols?: readonly string[];
  readonly headers?: Record<string, string>;
}

/** A call the server answered with an error. */
export class CallError extends Error {
  readonly reason: string;
  readonly path: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(readonly error: NonNullable<ReplyMessage["error"]>) {
    super(`${error.data.reason}: ${error.message}`);
    this.reason = error.data.reason;
    this.path = error.data.path;
    this.retryAfterMs = error.data.retryAfterMs;
  }
}

/** A plain WebSocket that speaks JSON-RPC and keeps whatever the server says until a test asks for it. */
export class SocketClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly codec: Codec;
  /** Everything received and not yet taken, in order. */
  readonly inbox: Message[] = [];
  readonly closed: Promise<Closed>;
  readonly #watchers = new Set<() => void>();
  #ids = 0;
  #ended: Closed | undefined;

  private constructor(socket: WebSocket, codec: Codec) {
    this.socket = socket;
    this.codec = codec;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      this.inbox.push(codec.decode(typeof data === "string" ? data : new Uint8Array(data)) as Message);
      this.#tell();
    };
    this.closed = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        this.#ended = { code, reason };
        resolve(this.#ended);
        this.#tell();
      };
    });
  }

  /** @throws when the handshake is refused, with the reason Deno gives for it. */
  static async open(url: string, options: SocketClientOptions = {}): Promise<SocketClient> {
    const codec = options.codec ?? json;
    const protocols = [...options.protocols ?? [codec.subprotocol]];
    const socket = new WebSocket(url, { protocols, headers: options.headers ?? {} });
    const client = new SocketClient(socket, codec);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.onopen = () => resolve();
    socket.onerror = (event) => reject(new Error(event instanceof ErrorEvent ? event.message : "refused"));
    await promise;
    socket.onerror = null;
    return client;
  }

  /** Opens a socket and says hello. */
  static async greet(url: string, token: string, options: SocketClientOptions = {}): Promise<SocketClient> {
    const client = await SocketClient.open(url, options);
    await client.call("session.hello", { token });
    return client;
  }

  /** @throws {CallError} when the answer is an error. */
  async call<T = Record<string, unknown>>(method: string, params: unknown = {}): Promise<T> {
    const id = `c${++this.#ids}`;
    this.send({ jsonrpc: "2.0", id, method, params });
    const { result, error } = await this.reply(id);
    if (error !== undefined) throw new CallError(error);
    return result as T;
  }

  notify(method: string, params: unknown = {}): void {
    this.send({ jsonrpc: "2.0", method, params });
  }

  send(value: unknown): void {
    this.sendRaw(this.codec.encode(value));
  }

  sendRaw(frame: string | Uint8Array): void {
    this.socket.send(frame as string | Uint8Array<ArrayBuffer>);
  }

  async reply(id: string | number | null): Promise<ReplyMessage> {
    const isMine = (message: Message): message is ReplyMessage => "id" in message && message.id === id;
    return await this.take(isMine, `a reply to ${id}`);
  }

  async batch(): Promise<ReplyMessage[]> {
    return await this.take((message): message is ReplyMessage[] => Array.isArray(message), "a batch");
  }

  /** The next notification of this method, or the next that satisfies the condition; earlier ones stay in the inbox. */
  async next<N extends Notification>(
    method: N,
    condition: (params: NotificationParams<N>) => boolean = () => true,
    signal: AbortSignal = AbortSignal.timeout(DEADLINE_MS),
  ): Promise<NotificationParams<N>> {
    const isWanted = (message: Message): message is NoticeMessage =>
      "method" in message && message.method === method && condition(message.params as NotificationParams<N>);
    return (await this.take(isWanted, method, signal)).params as NotificationParams<N>;
  }

  /** Takes the first message that fits out of the inbox, waiting for it if need be. */
  async take<M extends Message>(
    fits: (message: Message) => message is M,
    wanted: string,
    signal: AbortSignal = AbortSignal.timeout(DEADLINE_MS),
  ): Promise<M> {
    await this.until(() => this.inbox.some(fits), wanted, signal);
    return this.inbox.splice(this.inbox.findIndex(fits), 1)[0] as M;
  }

  /** Waits until the inbox is as wanted. */
  async until(
    condition: () => boolean,
    wanted: string,
    signal: AbortSignal = AbortSignal.timeout(DEADLINE_MS),
  ): Promise<void> {
    while (!condition()) {
      if (this.#ended !== undefined) {
        throw new Error(`Cannot receive ${wanted}: the socket closed with ${this.#ended.code}`);
      }
      await this.#change(signal, wanted);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await this.closed;
  }

  #change(signal: AbortSignal, wanted: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => reject(new Error(`Cannot receive ${wanted} in time`, { cause: signal.reason }));
    signal.addEventListener("abort", abort, { once: true });
    this.#watchers.add(resolve);
    return promise.finally(() => {
      signal.removeEventListener("abort", abort);
      this.#watchers.delete(resolve);
    });
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
