import type { LeaseRecord } from "storage/ai_storage.ts";
import type { Use } from "./use.ts";

/** Stands for the answer and the user of a probe. */
export const NOBODY = "0".repeat(26);

/** The right to make one call. */
export interface Lease {
  readonly record: LeaseRecord;
  readonly use: Use;
  /** Monotonic; of one that was restored, when that was. */
  readonly lentAt: number;
  readonly atLimit: boolean;
  /** When somebody was last heard of it. */
  heardAt: number;
  /** The upstream has counted the call, and its start token is on its way back. */
  started: boolean;
  /** Its answer has begun another attempt: whoever makes the call has to stop. */
  superseded: boolean;
  /** An owner before us has lent it; since when is unknown. */
  readonly restored: boolean;
}

/** What is lent, in the order in which it lapses unless it is heard of. */
export class Leases {
  /** Hearing of one puts it at the end, so the first one was silent for longest. */
  readonly #all = new Map<string, Lease>();
  readonly #ofAnswer = new Map<string, Lease>();

  get size(): number {
    return this.#all.size;
  }

  get(id: string): Lease | undefined {
    return this.#all.get(id);
  }

  /** The latest one of an answer. */
  of(answer: string): Lease | undefined {
    return this.#ofAnswer.get(answer);
  }

  [Symbol.iterator](): Iterator<Lease> {
    return this.#all.values();
  }

  add(lease: Lease): void {
    const { id, answer, attempt } = lease.record;
    this.#all.set(id, lease);
    if (answer === NOBODY) return;
    const other = this.#ofAnswer.get(answer);
    if (other === undefined || other.record.attempt <= attempt) this.#ofAnswer.set(answer, lease);
    if (other !== undefined && other.record.attempt < attempt) other.superseded = true;
  }

  heard(lease: Lease, now: number): void {
    const { id } = lease.record;
    lease.heardAt = now;
    this.#all.delete(id);
    this.#all.set(id, lease);
  }

  remove({ record: { id, answer } }: Lease): void {
    this.#all.delete(id);
    if (this.#ofAnswer.get(answer)?.record.id === id) this.#ofAnswer.delete(answer);
  }

  /** The ones that nobody was heard of since `before`. */
  *silent(before: number): Iterable<Lease> {
    for (const lease of this.#all.values()) {
      if (lease.heardAt > before) return;
      yield lease;
    }
  }

  /** When the one was heard of that was silent for longest; Infinity when there is none. */
  get oldest(): number {
    for (const { heardAt } of this.#all.values()) return heardAt;
    return Infinity;
  }
}
