import type { Msg } from "nats";
import { NoResponders } from "./bus.ts";

interface Asking {
  readonly subject: string;
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
  async ask(subject: string, signal: AbortSignal, send: (reply: string) => void): Promise<Msg> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Msg>();
    const reply = `${this.#prefix}${(++this.#last).toString(36)}`;
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#asking.set(reply, { subject, resolve, reject });
    try {
      send(reply);
      return await promise;
    } finally {
      this.#asking.delete(reply);
      signal.removeEventListener("abort", abort);
    }
  }

  receive(answer: Msg): void {
    const asking = this.#asking.get(answer.subject);
    if (asking === undefined) return;
    if (answer.data.byteLength === 0 && answer.headers?.code === NO_RESPONDERS) {
      asking.reject(new NoResponders(asking.subject));
    } else {
      asking.resolve(answer);
    }
  }

  /** Ends every wait. */
  end(reason: unknown): void {
    for (const asking of this.#asking.values()) asking.reject(reason);
  }
}
