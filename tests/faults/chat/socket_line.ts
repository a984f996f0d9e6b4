import { CallFailed, type Dial, type Hearer, type Line, LOST } from "./line.ts";

/** A node that stands still keeps its connections: who waits longer than this connects anew. */
const PATIENCE_MS = 6_000;

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly data: { readonly reason: string; readonly retryAfterMs?: number } };
}

interface Call {
  readonly take: (result: unknown) => void;
  readonly resolve: () => void;
  readonly reject: (error: CallFailed) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Connects to a real server by WebSocket. */
export function dialSocket(url: string, token: string): Dial {
  return async (hearer) => {
    const line = new SocketLine(new WebSocket(url), hearer);
    try {
      await line.opened;
      await line.call("session.hello", { token }, () => {});
    } catch (error) {
      line.close();
      throw error;
    }
    return line;
  };
}

class SocketLine implements Line {
  readonly opened: Promise<void>;
  readonly #socket: WebSocket;
  readonly #hearer: Hearer;
  readonly #calls = new Map<number, Call>();
  #ids = 0;
  #ended = false;

  constructor(socket: WebSocket, hearer: Hearer) {
    this.#socket = socket;
    this.#hearer = hearer;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    const end = () => {
      reject(new CallFailed(LOST));
      this.#lose();
    };
    const impatient = setTimeout(end, PATIENCE_MS);
    socket.onopen = () => {
      clearTimeout(impatient);
      resolve();
    };
    socket.onerror = end;
    socket.onclose = () => {
      clearTimeout(impatient);
      end();
    };
    socket.onmessage = ({ data }) => {
      const reply: Reply = JSON.parse(data);
      if (reply.id !== undefined) this.#answer(reply.id, reply);
      else if (!this.#ended && reply.method !== undefined) hearer.hear(reply.method, reply.params);
    };
  }

  call(method: string, params: Record<string, unknown>, take: (result: unknown) => void): Promise<void> {
    if (this.#ended || this.#socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new CallFailed(LOST));
    }
    const id = ++this.#ids;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#lose(), PATIENCE_MS);
    this.#calls.set(id, { take, resolve, reject, timer });
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return promise;
  }

  close(): void {
    this.#end();
    this.#socket.close();
  }

  #answer(id: number, { result, error }: Reply): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    clearTimeout(call.timer);
    if (error !== undefined) return call.reject(new CallFailed(error.data.reason, error.data.retryAfterMs));
    call.take(result);
    call.resolve();
  }

  /** Who stands still does not even say good-bye, so nobody waits for that. */
  #lose(): void {
    if (this.#end()) this.#hearer.lost();
    this.#socket.close();
  }

  /** False when it had ended before. */
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer);
      reject(new CallFailed(LOST));
    }
    this.#calls.clear();
    return true;
  }
}
