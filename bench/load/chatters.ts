import type { Message } from "protocol/chat.ts";
import type { WireError } from "protocol/errors.ts";
import type { Method, Params, Result } from "protocol/methods.ts";
import { credentials, register } from "./accounts.ts";
import { greet } from "./dialects/barrage.ts";
import { LoadSocket } from "./socket.ts";

/** What a server needs so that a crowd may sign up, and each of it talk as much as all of them would. */
export const CHATTING_ENV = {
  // Signing up is not what is measured; and nobody sends heartbeats.
  PASSWORD_MEMORY_KIB: "8192",
  PASSWORD_ITERATIONS: "1",
  PASSWORD_QUEUE_MAX: "1000",
  HEARTBEAT_MS: "300000",
  CALLS_IN_FLIGHT: "1024",
  CALLS_PER_SECOND: "10000",
  CALLS_BURST: "20000",
  CHAT_BURST: "10000",
  CHAT_PER_SECOND: "10000",
};
const AT_ONCE = 16;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

export interface Member {
  readonly id: string;
  readonly token: string;
}

/** Accounts number `from` to `from + count` of the crowd, signed up through all nodes in turn. */
export async function signUp(origins: readonly string[], count: number, from = 0): Promise<Member[]> {
  const members: Member[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (next < count) {
      const nth = next++;
      const { token, user } = await register(origins[nth % origins.length]!, credentials(from + nth));
      members[nth] = { id: user.id, token };
    }
  }));
  return members;
}

/** One device of a member. */
export class Chatter implements Disposable {
  /** Told of each message as it comes in. */
  onMessage: (message: Message) => void = () => {};
  readonly #socket: LoadSocket;
  readonly #waiting = new Map<number, Waiting>();
  /** What it knows of each conversation. */
  readonly #versions = new Map<string, number>();
  #synced: Promise<void> = Promise.resolve();
  #calls = 0;

  private constructor(socket: LoadSocket) {
    this.#socket = socket;
    socket.hear((frame) => this.#hear(frame));
    socket.closed.then(() => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error("Cannot call: the socket has closed"));
      }
    });
  }

  /** Has said hello, and nothing else. */
  static async connect(origin: string, token: string): Promise<Chatter> {
    const socket = await LoadSocket.connect(`${origin}/v1/ws`);
    await greet(socket, token);
    return new Chatter(socket);
  }

  /** Is told of what is new from now on. */
  static async live(origin: string, token: string): Promise<Chatter> {
    const chatter = await Chatter.connect(origin, token);
    await chatter.sync();
    return chatter;
  }

  /** Until nothing is missing; behind a sync that is under way. */
  sync(): Promise<void> {
    return this.#synced = this.#synced.then(() => this.#sync());
  }

  /** @throws {Error} with the reason when the server refuses. */
  call<M extends Method>(method: M, params: Params<M>): Promise<Result<M>> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = ++this.#calls;
    this.#waiting.set(id, { resolve, reject });
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return promise as Promise<Result<M>>;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  async #sync(): Promise<void> {
    for (let more = true; more;) {
      const page = await this.call("chat.sync", { since: Object.fromEntries(this.#versions) });
      for (const { conversation, version, messages } of page.deltas) {
        this.#versions.set(conversation.id, version);
        for (const message of messages) this.onMessage(message);
      }
      more = page.more;
    }
  }

  #hear(frame: string): void {
    const { id, result, error, method, params }: {
      id?: number;
      result?: unknown;
      error?: WireError;
      method?: string;
      params?: unknown;
    } = JSON.parse(frame);
    if (method === "chat.message") return this.#take(params as Message);
    // As a device does that is told to.
    if (method === "chat.stale") return void this.sync();
    const waiting = this.#waiting.get(id ?? 0);
    if (waiting === undefined) return;
    this.#waiting.delete(id ?? 0);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(`Cannot call: ${error.data.reason}: ${error.message}`));
  }

  #take(message: Message): void {
    this.#versions.set(message.conversation, message.version);
    this.onMessage(message);
  }
}
