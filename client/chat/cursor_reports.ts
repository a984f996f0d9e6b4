import { ERRORS } from "protocol/errors.ts";
import { backoff } from "../backoff.ts";
import type { CallMethod } from "../call.ts";
import type { Clock } from "../clock.ts";
import { BarrageCallError } from "../errors.ts";

/** Reading on within this time is one report. */
const READ_MS = 300;
/** What is read within this time need not be reported as delivered. */
const DELIVERED_MS = 1_000;

interface Due {
  read: number;
  delivered: number;
}

interface ReportParts {
  readonly call: CallMethod;
  readonly clock: Clock;
  readonly random: () => number;
  readonly isOpen: () => boolean;
}

/** Tells the server how far one has read, and how far this device has it: the latest only, one call at a time. */
export class CursorReports {
  readonly #parts: ReportParts;
  /** By conversation, in the order they became due. */
  readonly #due = new Map<string, Due>();
  #timer: unknown;
  #timerAt = Infinity;
  #running = false;
  #failures = 0;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  read(conversation: string, seq: number): void {
    const due = this.#of(conversation);
    due.read = Math.max(due.read, seq);
    this.#schedule(READ_MS);
  }

  delivered(conversation: string, seq: number): void {
    const due = this.#of(conversation);
    due.delivered = Math.max(due.delivered, seq);
    this.#schedule(DELIVERED_MS);
  }

  /** A link is open: what could not be told is told now. */
  begin(): void {
    this.#failures = 0;
    this.#schedule(0);
  }

  pause(): void {
    this.#parts.clock.clear(this.#timer);
    this.#timerAt = Infinity;
  }

  #of(conversation: string): Due {
    let due = this.#due.get(conversation);
    if (due === undefined) this.#due.set(conversation, due = { read: 0, delivered: 0 });
    return due;
  }

  #schedule(ms: number): void {
    const { clock, isOpen } = this.#parts;
    if (this.#due.size === 0 || this.#running || !isOpen()) return;
    const at = clock.now() + ms;
    if (this.#timerAt <= at) return;
    clock.clear(this.#timer);
    this.#timerAt = at;
    this.#timer = clock.set(() => {
      this.#timerAt = Infinity;
      this.#run();
    }, ms);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (const [conversation, due] of this.#due) {
        this.#due.delete(conversation);
        if (await this.#report(conversation, due)) continue;
        const { read, delivered } = this.#of(conversation);
        this.#due.set(conversation, {
          read: Math.max(read, due.read),
          delivered: Math.max(delivered, due.delivered),
        });
        this.#failures++;
        break;
      }
    } finally {
      this.#running = false;
    }
    this.#schedule(this.#failures === 0 ? READ_MS : backoff(this.#failures, this.#parts.random));
  }

  /** False when it is to be tried again. */
  async #report(conversation: string, { read, delivered }: Due): Promise<boolean> {
    try {
      if (read > 0) await this.#parts.call("chat.read", { conversation, seq: read });
      if (delivered > read) await this.#parts.call("chat.delivered", { conversation, seq: delivered });
      this.#failures = 0;
      return true;
    } catch (error) {
      if (!(error instanceof BarrageCallError)) throw error;
      // Where one may not read any more there is nobody to tell.
      return !ERRORS[error.reason].retry;
    }
  }
}
