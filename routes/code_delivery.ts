import { getLogger } from "@logtape/logtape";
import type { ContactKind } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Drops } from "actors/runtime/drops.ts";
import { type CodeMessage, type CodeSender, SendingError } from "senders/code_sender.ts";

const log = getLogger(["barrage", "codes"]);

const TRIES = 2;

export interface CodeDeliveryOptions {
  /** By the kind of address they reach. */
  readonly senders: Readonly<Record<ContactKind, CodeSender | undefined>>;
  /** Milliseconds for one try, of which there are two. */
  readonly timeoutMs: number;
  /** Messages under way at once. */
  readonly max: number;
  readonly drops: Drops;
}

/** Sends codes, each within bounded time, and keeps to itself why one was not sent. */
export class CodeDelivery {
  readonly #options: CodeDeliveryOptions;
  readonly #stopping = new AbortController();
  #underway = 0;

  constructor(options: CodeDeliveryOptions) {
    this.#options = options;
  }

  reaches(kind: ContactKind): boolean {
    return this.#options.senders[kind] !== undefined;
  }

  /** @throws {BarrageError} `unavailable` after both tries; `overloaded` while too many are under way. */
  async deliver(message: CodeMessage): Promise<void> {
    const { max, drops } = this.#options;
    if (this.#underway >= max) {
      drops.count("codes", "overloaded");
      throw new BarrageError("overloaded", "Too many codes are being sent", { retryAfterMs: 1_000 });
    }
    this.#underway++;
    try {
      await this.#send(message);
    } finally {
      this.#underway--;
    }
  }

  /** From now on nothing is sent; whoever waits is told. */
  stop(): void {
    this.#stopping.abort();
  }

  async #send(message: CodeMessage): Promise<void> {
    const sender = this.#options.senders[message.kind];
    for (let n = 1; n <= TRIES && sender !== undefined && !this.#stopping.signal.aborted; n++) {
      try {
        return await this.#try(sender, message);
      } catch (error) {
        this.#tell(message.kind, n, error);
      }
    }
    this.#options.drops.count("codes", "unavailable");
    throw new BarrageError("unavailable", "Cannot send the code right now");
  }

  /** Sender or not, the time is up when it is up. */
  async #try(sender: CodeSender, message: CodeMessage): Promise<void> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs);
    const signal = AbortSignal.any([timeout, this.#stopping.signal]);
    const { promise: over, reject } = Promise.withResolvers<never>();
    const end = () =>
      reject(new SendingError(timeout.aborted ? "It took too long" : "The server is stopping"));
    signal.addEventListener("abort", end, { once: true });
    try {
      await Promise.race([sender.send(message, signal), over]);
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  #tell(kind: ContactKind, n: number, error: unknown): void {
    // What else was thrown may speak of the message.
    const why = error instanceof SendingError
      ? error.message
      : error instanceof Error
      ? error.name
      : "unknown";
    log.warn("Cannot send a code by {kind}, try {n} of {tries}: {why}", { kind, n, tries: TRIES, why });
  }
}
