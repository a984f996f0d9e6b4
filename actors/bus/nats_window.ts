import type { PipeLimits } from "./pipe.ts";

// Often enough for the bound, seldom enough to cost nothing beside the messages.
const CONFIRM_MS = 20;

/**
 * What was written to a connection and not confirmed by the server. nats.js buffers without bound while a server does
 * not read, and forgets without a word what it had not delivered when the connection broke.
 */
export class ConfirmWindow {
  readonly #limits: PipeLimits;
  readonly #flush: () => Promise<boolean>;
  #messagesSent = 0;
  #bytesSent = 0;
  #messagesConfirmed = 0;
  #bytesConfirmed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  /** @param flush True when the server has read all that was written before, false when the connection ended. */
  constructor(limits: PipeLimits, flush: () => Promise<boolean>) {
    this.#limits = limits;
    this.#flush = flush;
  }

  /** Messages that may not have arrived. */
  get messages(): number {
    return this.#messagesSent - this.#messagesConfirmed;
  }

  /** False when the message does not fit; it must then not be written. */
  admit(bytes: number): boolean {
    const waiting = this.#bytesSent - this.#bytesConfirmed;
    if (this.messages >= this.#limits.messages || waiting + bytes > this.#limits.bytes) return false;
    this.#messagesSent++;
    this.#bytesSent += bytes;
    this.#schedule();
    return true;
  }

  /** False when the connection ended before the server had read everything. */
  async confirm(): Promise<boolean> {
    const messages = this.#messagesSent;
    const bytes = this.#bytesSent;
    if (!await this.#flush()) return false;
    this.#messagesConfirmed = Math.max(messages, this.#messagesConfirmed);
    this.#bytesConfirmed = Math.max(bytes, this.#bytesConfirmed);
    return true;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(async () => {
      const confirmed = await this.confirm();
      this.#timer = undefined;
      if (confirmed && this.messages > 0) this.#schedule();
    }, CONFIRM_MS);
  }
}
