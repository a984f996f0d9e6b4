import { getLogger } from "@logtape/logtape";
import { BarrageError, type Reason } from "protocol/errors.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import { answerActor } from "../answer/definition.ts";
import { poolActor, type Ticket } from "./definition.ts";
import type { Lease } from "./leases.ts";
import { type PoolLimits, tellMs, tellOnceMs } from "./limits.ts";

const log = getLogger(["barrage", "ai"]);

const PAUSE_MS = { first: 50, most: 1_000 };

/** The command did not run, so nobody can have taken the lease. */
const NOT_RUN: readonly Reason[] = ["overloaded", "expired", "moved"];
/** Asking again would be answered the same. */
const FINAL: readonly Reason[] = [
  "not_found",
  "gone",
  "forbidden",
  "invalid_params",
  "unknown_method",
  "too_large",
];

/**
 * Tells answers what they were lent, beside the turns. What is refused by the very first command comes back at once, for
 * then nobody has called. After a command whose outcome is unknown a "no" proves nothing, and the lease lapses.
 */
export class Telling {
  readonly #self: Self;
  readonly #limits: PoolLimits;
  readonly #told = new Set<string>();

  constructor(self: Self, limits: PoolLimits) {
    this.#self = self;
    this.#limits = limits;
  }

  tell(lease: Lease): void {
    const { id } = lease.record;
    this.#told.add(id);
    this.#tell(lease).catch((error) => log.warn("Cannot tell a lease: {error}", { error }))
      .finally(() => this.#told.delete(id));
  }

  /** The lease is over. */
  forget(lease: Lease): void {
    this.#told.delete(lease.record.id);
  }

  /** Nobody can serve it any more. Should that be lost, the answer's own timer tells. */
  refuse({ answer, attempt }: Ticket, retryAfterMs: number | undefined): void {
    const told = retryAfterMs === undefined ? { attempt } : { attempt, retryAfterMs };
    this.#self.ref(answerActor, answer).refused(told, { timeoutMs: tellOnceMs(this.#limits) }).catch(
      (error) => {
        log.debug("Cannot refuse an answer: {error}", { error });
      },
    );
  }

  async #tell(lease: Lease): Promise<void> {
    const { clock, signal } = this.#self;
    const { id, answer } = lease.record;
    // Nothing is told so late that it arrives when the lease may have lapsed.
    const until = clock.monotonic() + tellMs(this.#limits) - tellOnceMs(this.#limits);
    let clean = true;
    for (let pauseMs = PAUSE_MS.first;; pauseMs = Math.min(PAUSE_MS.most, pauseMs * 2)) {
      const said = await this.#try(lease);
      if (signal.aborted || !this.#told.has(id)) return;
      if (said === "taken") return;
      if (said === "unwanted") {
        if (clean) await this.#comeBack(id);
        return;
      }
      if (said === "unknown") clean = false;
      if (clock.monotonic() + pauseMs > until) return log.debug("Cannot reach answer {answer}", { answer });
      await this.#pause(pauseMs);
      if (signal.aborted || !this.#told.has(id)) return;
    }
  }

  async #try({ record, use }: Lease): Promise<"taken" | "unwanted" | "not run" | "unknown"> {
    const { id: lease, answer, credential, attempt } = record;
    const { upstreamModel } = use.facts.limits;
    const { termMs } = this.#limits;
    try {
      const { taken } = await this.#self.ref(answerActor, answer).granted(
        { lease, credential, upstreamModel, attempt, termMs },
        { timeoutMs: tellOnceMs(this.#limits) },
      );
      return taken ? "taken" : "unwanted";
    } catch (error) {
      const { reason } = BarrageError.from(error);
      if (FINAL.includes(reason)) return "unwanted";
      return NOT_RUN.includes(reason) ? "not run" : "unknown";
    }
  }

  async #comeBack(lease: string): Promise<void> {
    const { clock, signal, key } = this.#self;
    const until = clock.monotonic() + this.#limits.termMs;
    while (!signal.aborted && clock.monotonic() < until) {
      try {
        await this.#self.ref(poolActor, key).declined({ lease });
        return;
      } catch (error) {
        log.debug("Cannot take a lease back: {error}", { error });
        await this.#pause(PAUSE_MS.most);
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#self.clock.after(ms, resolve));
  }
}
