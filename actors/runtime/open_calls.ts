import type { BarrageError } from "protocol/errors.ts";
import type { Call } from "./call.ts";

/** Calls taken from the mailbox and not answered: running over an await, or held for a later turn. */
export class OpenCalls {
  #calls: Set<Call> | undefined;
  readonly #forget = (call: Call) => void this.#calls?.delete(call);

  get size(): number {
    return this.#calls?.size ?? 0;
  }

  add(call: Call): void {
    if (call.settled || this.#calls?.has(call)) return;
    const calls = this.#calls ??= new Set();
    calls.add(call);
    call.onSettled = this.#forget;
  }

  late(now: number): Call[] {
    return [...this.#calls ?? []].filter(({ facts }) => facts.deadline <= now);
  }

  /** Takes them out, as if they had not begun. */
  takeAll(): Call[] {
    const all = [...this.#calls ?? []];
    this.#calls = undefined;
    for (const call of all) call.again();
    return all;
  }

  failAll(error: BarrageError): void {
    for (const call of [...this.#calls ?? []]) call.fail(error);
  }
}
