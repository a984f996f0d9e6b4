import type { LeaseRecord } from "storage/ai_storage.ts";
import type { Runner } from "./definition.ts";
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
  /** When somebody was last heard of it; before that, when a call with it begins at the latest. */
  heardAt: number;
  heard: boolean;
  /** Who makes the call, as far as it is known. */
  runner: Runner | undefined;
  /** The upstream has counted the call, and its start token is on its way back. */
  started: boolean;
  /** Its answer has begun another attempt: whoever makes the call has to stop. */
  superseded: boolean;
  /** An owner before us has lent it; since when is unknown. */
  readonly restored: boolean;
}

/** What is lent, in the order in which it lapses unless it is heard of. */
export class Leases {
  /** Both with the one in front that was silent for longest: new ones, and hearing of one, go to the end. */
  readonly #unheard = new Map<string, Lease>();
  readonly #heard = new Map<string, Lease>();
  readonly #ofAnswer = new Map<string, Lease>();

  get size(): number {
    return this.#unheard.size + this.#heard.size;
  }

  get(id: string): Lease | undefined {
    return this.#heard.get(id) ?? this.#unheard.get(id);
  }

  /** The latest one of an answer. */
  of(answer: string): Lease | undefined {
    return this.#ofAnswer.get(answer);
  }

  add(lease: Lease): void {
    const { id, answer, attempt } = lease.record;
    this.#unheard.set(id, lease);
    if (answer === NOBODY) return;
    const other = this.#ofAnswer.get(answer);
    if (other === undefined || other.record.attempt <= attempt) this.#ofAnswer.set(answer, lease);
    if (other !== undefined && other.record.attempt < attempt) other.superseded = true;
  }

  heard(lease: Lease, now: number): void {
    const { id } = lease.record;
    lease.heardAt = now;
    lease.heard = true;
    this.#unheard.delete(id);
    this.#heard.delete(id);
    this.#heard.set(id, lease);
  }

  remove({ record: { id, answer } }: Lease): void {
    this.#unheard.delete(id);
    this.#heard.delete(id);
    if (this.#ofAnswer.get(answer)?.record.id === id) this.#ofAnswer.delete(answer);
  }

  /** The ones that nobody was heard of since `before`. */
  silent(before: number): Lease[] {
    const silent: Lease[] = [];
    for (const leases of [this.#unheard, this.#heard]) {
      for (const lease of leases.values()) {
        if (lease.heardAt > before) break;
        silent.push(lease);
      }
    }
    return silent;
  }

  /** When the one was heard of that was silent for longest; Infinity when there is none. */
  get oldest(): number {
    let oldest = Infinity;
    for (const leases of [this.#unheard, this.#heard]) {
      for (const { heardAt } of leases.values()) {
        oldest = Math.min(oldest, heardAt);
        break;
      }
    }
    return oldest;
  }
}
