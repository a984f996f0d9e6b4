import type { Msg } from "nats";
import { NoResponders } from "./bus.ts";

interface Asking {
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly abort: () => void;
  resolve(answer: Msg): void;
  reject(reason: unknown): void;
}

const NO_RESPONDERS = 503;

/**
 * Where the answers to one connection's requests come in. nats.js has the same, but gives every request a timer and
 * no way to end one early.
 */
export class Inbox {
  readonly #prefix = `_INBOX.${crypto.randomUUID().replaceAll("-", "")}.`;
  readonly #asking = new Map<string, Asking>();
  #last = 0;

  /** To be subscribed to before anything is asked. */
  get pattern(): string {
    return `${this.#prefix}*`;
  }

  get size(): number {
    return this.#asking.size;
  }

  /**
   * Resolves with the first answer.
   *
   * @param send Sends the request with the reply subject it is given; what it throws ends the wait.
   * @throws {NoResponders} or the reason of the signal or of `end`.
   */
  ask(subject: string, signal: AbortSignal, send: (reply: string) => void): Promise<Msg> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Msg>();
    const reply = `${this.#prefix}${(++this.#last).toString(36)}`;
    const abort = () => this.#take(reply)?.reject(signal.reason);
    signal.addEventListener("abort", abort);
    this.#asking.set(reply, { subject, signal, abort, resolve, reject });
    try {
      send(reply);
    } catch (error) {
      this.#take(reply)?.reject(error);
    }
    return promise;
  }

  receive(answer: Msg): void {
    const asking = this.#take(answer.subject);
    if (asking === undefined) return;
    if (answer.data.byteLength === 0 && answer.headers?.code === NO_RESPONDERS) {
      asking.reject(new NoResponders(asking.subject));
    } else {
      asking.resolve(answer);
    }
  }

  /** Ends every wait. */
  end(reason: unknown): void {
    for (const reply of [...this.#asking.keys()]) this.#take(reply)?.reject(reason);
  }

  #take(reply: string): Asking | undefined {
    const asking = this.#asking.get(reply);
    if (asking === undefined) return undefined;
    this.#asking.delete(reply);
    asking.signal.removeEventListener("abort", asking.abort);
    return asking;
  }
}
