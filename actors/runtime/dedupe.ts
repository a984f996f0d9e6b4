import type { Call } from "./call.ts";

/** After these the command did not run, or its actor crashed and lost what it had not stored: a retry must run. */
const FORGET_REASONS = new Set(["overloaded", "unavailable", "expired", "moved", "internal"]);

/**
 * Remembers the answers of commands that carry an id, so that a retry does not run twice. Bounded by count and age;
 * what must be remembered for good is the business of the actor's own store.
 */
export class Dedupe {
  readonly #answers = new Map<string, { answer: Promise<unknown>; at: number }>();

  constructor(readonly limits: { readonly maxCount: number; readonly maxAgeMs: number }) {}

  /** The answer of the earlier command with the same id, if one is remembered; otherwise remembers this one. */
  first(call: Call, now: number): Promise<unknown> | undefined {
    if (call.facts.id === undefined) return undefined;
    const id = `${call.sender} ${call.facts.id}`;
    this.#forgetOld(now);
    const known = this.#answers.get(id);
    if (known !== undefined) return known.answer;
    this.#answers.set(id, { answer: call.answer, at: now });
    call.answer.catch((error) => {
      if (FORGET_REASONS.has(error.reason)) this.#answers.delete(id);
    });
    return undefined;
  }

  #forgetOld(now: number): void {
    for (const [id, { at }] of this.#answers) {
      if (this.#answers.size < this.limits.maxCount && now - at < this.limits.maxAgeMs) return;
      this.#answers.delete(id);
    }
  }
}
