import { getLogger } from "@logtape/logtape";
import type { CredentialRecord, UseState } from "storage/ai_storage.ts";
import type { Feature } from "protocol/ai.ts";
import { CLOCK_MS, growing, PROVIDER_MS } from "./condition.ts";
import type { Outcome, Ticket } from "./definition.ts";
import { Heap } from "./heap.ts";
import { type PoolLimits, startAgainMs } from "./limits.ts";
import { factsOf, type Lent, Use } from "./use.ts";

const log = getLogger(["barrage", "ai"]);

/** Whatever a provider tells: all of it waits, and one call is enough to see that it is back. */
const SITE_TOLD_MAX_MS = 600_000;

/** How long something that all share is not to be used, and how often in a row it was so. */
interface Pause {
  until: number;
  inRow: number;
}

interface Wake {
  readonly at: number;
  readonly use: Use;
}

/** All uses of one feature and model, and which of them is lent next. */
export class Uses {
  readonly #limits: PoolLimits;
  readonly #byCredential = new Map<string, Use>();
  /** Those that may be free, the one that has rested longest first; each is asked again before it is lent. */
  readonly #rested = new Heap<Use>((a, b) =>
    a.lentAt < b.lentAt || (a.lentAt === b.lentAt && a.credential < b.credential)
  );
  readonly #inRested = new Set<Use>();
  readonly #asleep = new Heap<Wake>((a, b) => a.at < b.at);
  readonly #wakeOf = new Map<Use, number>();
  readonly #sites = new Map<string, Pause>();

  constructor(limits: PoolLimits) {
    this.#limits = limits;
  }

  [Symbol.iterator](): Iterator<Use> {
    return this.#byCredential.values();
  }

  get size(): number {
    return this.#byCredential.size;
  }

  of(credential: string): Use | undefined {
    return this.#byCredential.get(credential);
  }

  /**
   * Takes the operator's word for what there is.
   * @param rested No call of whatever is new here can have begun that still counts.
   * @returns The credentials that are gone and have nothing lent.
   */
  update(
    records: readonly CredentialRecord[],
    { feature, model }: { readonly feature: Feature; readonly model: string },
    now: number,
    rested = false,
  ): string[] {
    const named = new Set<string>();
    for (const record of records) {
      const limits = record.uses.find((use) => use.feature === feature && use.model === model);
      if (limits === undefined) continue;
      named.add(record.id);
      const facts = factsOf(record, limits);
      const known = this.#byCredential.get(record.id);
      if (known === undefined) this.#byCredential.set(record.id, new Use(facts, rested, now, this.#limits));
      else known.update(facts, now);
    }
    const gone: string[] = [];
    for (const [credential, use] of this.#byCredential) {
      if (named.has(credential)) continue;
      use.retire();
      if (!use.idle(now)) continue;
      this.#byCredential.delete(credential);
      gone.push(credential);
    }
    for (const use of this) this.touch(use, now);
    return gone;
  }

  restore(states: readonly UseState[], now: number, wallNow: number): void {
    for (const state of states) {
      const use = this.#byCredential.get(state.credential);
      use?.restore(state, now, wallNow);
      if (use !== undefined) this.touch(use, now);
    }
  }

  /** Something about it has changed that may have made it free. */
  touch(use: Use, now: number): void {
    if (use.free(now)) {
      if (this.#inRested.has(use)) return;
      this.#inRested.add(use);
      this.#rested.push(use);
      return;
    }
    const at = use.freeAt(now);
    if (at === Infinity || (this.#wakeOf.get(use) ?? Infinity) <= at) return;
    this.#wakeOf.set(use, at);
    this.#asleep.push({ at, use });
  }

  /** Finds those that have become free by themselves. */
  awaken(now: number): void {
    for (let wake = this.#asleep.first; wake !== undefined && wake.at <= now; wake = this.#asleep.first) {
      this.#asleep.pop();
      if (this.#wakeOf.get(wake.use) === wake.at) this.#wakeOf.delete(wake.use);
      this.touch(wake.use, now);
    }
  }

  /** When one of them may become free by itself; Infinity when none does. */
  get wakesAt(): number {
    return this.#asleep.first?.at ?? Infinity;
  }

  get mayLend(): boolean {
    return this.#rested.size > 0;
  }

  /** The use that somebody gets; it has been taken for him. */
  lend({ sticky, exclude }: Pick<Ticket, "sticky" | "exclude">, now: number): Use | undefined {
    const passed: Use[] = [];
    let found: Use | undefined;
    while (found === undefined) {
      const use = this.#rested.pop();
      if (use === undefined) break;
      this.#inRested.delete(use);
      if (!use.free(now)) {
        this.touch(use, now);
      } else if ((sticky !== undefined && sticky !== use.credential) || exclude.includes(use.credential)) {
        passed.push(use);
      } else {
        found = use;
        found.take(now);
      }
    }
    for (const use of passed) this.touch(use, now);
    if (found !== undefined) this.touch(found, now);
    return found;
  }

  /** Lends exactly this one, whatever its condition. */
  lendThis(use: Use, now: number): boolean {
    if (use.room(now) < 1) return false;
    use.take(now);
    this.touch(use, now);
    return true;
  }

  /** The upstream has counted the start by now. */
  startCounted(use: Use, now: number): void {
    use.tokens.comeBack(now + startAgainMs(this.#limits));
    this.touch(use, now);
  }

  /** There was no call. */
  startUnused(use: Use, now: number): void {
    use.tokens.putBack();
    this.touch(use, now);
  }

  slotBack(use: Use, now: number): void {
    use.inFlight--;
    this.touch(use, now);
  }

  /** When this very one may be lent, whatever its condition; Infinity when it has no slot. */
  roomAt(use: Use, now: number): number {
    if (use.inFlight >= use.slots) return Infinity;
    return use.tokens.free(now) > 0 ? now : use.tokens.nextAt(now);
  }

  judge(use: Use, outcome: Outcome, lent: Lent, now: number): void {
    const { provider, site, label } = use.facts;
    const blame = use.judge(outcome, lent, now, this.#limits);
    if (outcome.kind === "done") this.#sites.delete(site);
    if (outcome.kind === "fault") {
      const { retryAfterMs } = outcome;
      if (blame.kind === "provider") this.#rest(site, PROVIDER_MS, retryAfterMs, now);
      if (blame.kind === "clock") {
        this.#rest(site, CLOCK_MS, retryAfterMs, now);
        log.error("The clocks of this machine and of {provider} differ: calls wait", { provider });
      }
      if (blame.kind === "dead") {
        log.error("{provider} does not accept the credential {label}", { provider, label });
      }
      if (blame.kind === "out") log.warn("The credential {label} is out: {why}", { label, why: blame.of });
    }
    this.touch(use, now);
  }

  idle(now: number): boolean {
    return [...this].every((use) => use.idle(now));
  }

  /** Slots of those that may be used now. */
  slots(now: number): number {
    let slots = 0;
    for (const use of this) if (use.willing(now)) slots += Math.max(use.slots, use.inFlight);
    return slots;
  }

  /** Slots of whatever is not dead: when all rest, one waits for these. */
  slotsSometime(): number {
    let slots = 0;
    for (const use of this) if (use.backAt(0) < Infinity) slots += use.slots;
    return slots;
  }

  /** Calls that may begin at once, counted up to `most`. */
  room(now: number, most: number): number {
    let room = 0;
    for (const use of this) {
      if (room >= most) return most;
      if (use.free(now)) room += use.room(now);
    }
    return Math.min(room, most);
  }

  /** When somebody with this ticket may be served at the earliest; Infinity when nobody can serve him. */
  soonest({ sticky, exclude }: Pick<Ticket, "sticky" | "exclude">, now: number): number {
    let soonest = Infinity;
    for (const use of this) {
      if ((sticky !== undefined && sticky !== use.credential) || exclude.includes(use.credential)) continue;
      soonest = Math.min(soonest, use.backAt(now));
      if (soonest <= now) break;
    }
    return soonest;
  }

  /** It is nobody's own fault, so nobody is blamed and all wait. */
  #rest(site: string, pauses: typeof CLOCK_MS, retryAfterMs: number | undefined, now: number): void {
    const pause = this.#sites.get(site) ?? { until: -Infinity, inRow: 0 };
    this.#sites.set(site, pause);
    const until = now + Math.min(retryAfterMs ?? growing(pauses, pause.inRow), SITE_TOLD_MAX_MS);
    // Several calls that fail at the same moment count once.
    if (now >= pause.until) pause.inRow++;
    pause.until = Math.max(pause.until, until);
    for (const use of this) {
      if (use.facts.site !== site) continue;
      use.siteUntil = pause.until;
      this.touch(use, now);
    }
  }
}
