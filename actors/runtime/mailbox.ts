import { BarrageError } from "protocol/errors.ts";
import type { Call } from "./call.ts";

export interface MailboxLimits {
  readonly maxCount: number;
  readonly maxBytes: number;
  /** When the oldest command has waited this long, the actor does not keep up and new ones are refused. */
  readonly maxAgeMs: number;
  /** Places kept for the reserved lane, on top of `maxCount`. */
  readonly reservedCount: number;
}

/** Bounded first-in first-out queue with a reserved lane that is served first. Refuses the newest, never drops the oldest. */
export class Mailbox {
  #normal: Call[] = [];
  #head = 0;
  #reserved: Call[] = [];
  #bytes = 0;
  /** No waiting command has a deadline before this; saves the sweep from looking into every mailbox. */
  #nextDeadline = Infinity;

  constructor(readonly limits: MailboxLimits) {}

  get size(): number {
    return this.#normal.length - this.#head + this.#reserved.length;
  }

  /** Undefined when taken in, else why not. `turnMs` is the mean length of a turn, for an honest retryAfterMs. */
  offer(call: Call, reserved: boolean, now: number, turnMs: number): BarrageError | undefined {
    const { maxCount, maxBytes, maxAgeMs, reservedCount } = this.limits;
    if (reserved) {
      if (this.#reserved.length >= reservedCount) return this.#overloaded("reserved lane is full", turnMs);
      this.#reserved.push(call);
    } else {
      const waiting = this.#normal.length - this.#head;
      if (waiting >= maxCount) return this.#overloaded("mailbox is full", turnMs);
      if (waiting > 0) {
        if (this.#bytes + call.facts.bytes > maxBytes) {
          return this.#overloaded("mailbox holds too many bytes", turnMs);
        }
        if (now - this.#normal[this.#head]!.enqueuedAt > maxAgeMs) {
          return this.#overloaded("oldest command has waited too long", turnMs);
        }
      }
      this.#normal.push(call);
    }
    this.#bytes += call.facts.bytes;
    call.enqueuedAt = now;
    if (call.facts.deadline < this.#nextDeadline) this.#nextDeadline = call.facts.deadline;
    return undefined;
  }

  take(): Call | undefined {
    const call = this.#reserved.shift() ?? this.#shiftNormal();
    if (call !== undefined) this.#bytes -= call.facts.bytes;
    return call;
  }

  /**
   * Everything waiting for `verb`, up to `max`, that may run now: a command never overtakes an earlier one of the same
   * sender, so the commands of a sender who waits for another verb stay where they are.
   */
  takeMore(verb: string, max: number, batch: Call[]): void {
    const overtaken = new Set<string>();
    const kept: Call[] = [];
    let index = this.#head;
    for (; index < this.#normal.length && batch.length < max; index++) {
      const call = this.#normal[index]!;
      if (call.facts.verb === verb && (overtaken.size === 0 || !overtaken.has(call.sender))) {
        batch.push(call);
        this.#bytes -= call.facts.bytes;
      } else {
        kept.push(call);
        overtaken.add(call.sender);
      }
    }
    if (kept.length === 0) {
      this.#head = index;
    } else {
      this.#head = index - kept.length;
      for (let i = 0; i < kept.length; i++) this.#normal[this.#head + i] = kept[i]!;
    }
    this.#compact();
  }

  /** Takes out what is past its deadline. */
  expire(now: number): Call[] {
    if (now < this.#nextDeadline) return [];
    const late: Call[] = [];
    const isLate = (call: Call) => call.facts.deadline <= now;
    const waiting = this.#normal.slice(this.#head);
    for (const call of [...this.#reserved, ...waiting]) {
      if (isLate(call)) late.push(call);
    }
    this.#reserved = this.#reserved.filter((call) => !isLate(call));
    this.#normal = waiting.filter((call) => !isLate(call));
    this.#head = 0;
    this.#nextDeadline = Infinity;
    for (const call of [...this.#reserved, ...this.#normal]) {
      this.#nextDeadline = Math.min(this.#nextDeadline, call.facts.deadline);
    }
    for (const call of late) this.#bytes -= call.facts.bytes;
    return late;
  }

  takeAll(): Call[] {
    const all = [...this.#reserved, ...this.#normal.slice(this.#head)];
    this.#reserved = [];
    this.#normal = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#nextDeadline = Infinity;
    return all;
  }

  #shiftNormal(): Call | undefined {
    if (this.#head >= this.#normal.length) return undefined;
    const call = this.#normal[this.#head]!;
    this.#head++;
    this.#compact();
    return call;
  }

  // The consumed front is cut off when it is half of the array, so that taking stays constant time on average.
  #compact(): void {
    if (this.#head === this.#normal.length) {
      this.#normal = [];
      this.#head = 0;
    } else if (this.#head > 256 && this.#head * 2 > this.#normal.length) {
      this.#normal = this.#normal.slice(this.#head);
      this.#head = 0;
    }
    if (this.size === 0) this.#nextDeadline = Infinity;
  }

  #overloaded(why: string, turnMs: number): BarrageError {
    const estimate = Math.ceil(this.size * turnMs);
    return new BarrageError("overloaded", `Cannot take the command: ${why}`, {
      retryAfterMs: Math.min(5_000, Math.max(50, estimate)),
    });
  }
}
