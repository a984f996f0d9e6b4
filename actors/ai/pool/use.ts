import type { CredentialRecord, UseRecord, UseState } from "storage/ai_storage.ts";
import type { Outcome } from "./definition.ts";
import {
  type Blame,
  blameOf,
  type Condition,
  conditionAfter,
  fromStored,
  READY,
  sameStored,
  toStored,
  unsure,
} from "./condition.ts";
import { Learned } from "./learning.ts";
import { type PoolLimits, startAgainMs } from "./limits.ts";
import { StartTokens } from "./start_tokens.ts";

/** What its operator says of it. */
export interface UseFacts {
  readonly credential: string;
  readonly provider: string;
  /** Those that have no capacity have none together. */
  readonly site: string;
  readonly label: string;
  readonly enabled: boolean;
  readonly changedAt: number;
  readonly limits: UseRecord;
}

export function factsOf(record: CredentialRecord, limits: UseRecord): UseFacts {
  const { id: credential, provider, baseUrl = "", label, state, changedAt } = record;
  const site = `${provider} ${baseUrl}`;
  return { credential, provider, site, label, enabled: state === "enabled", changedAt, limits };
}

/** The call that an outcome is of. */
export interface Lent {
  readonly lentAt: number;
  /** Every slot was lent with it. */
  readonly atLimit: boolean;
  readonly probe: boolean;
}

/** One feature and model of one credential: its limits, what is lent of them, and how it stands. */
export class Use {
  readonly tokens: StartTokens;
  readonly learned: Learned;
  inFlight = 0;
  /** When it was lent last: the one that has rested longest goes first. */
  lentAt = -Infinity;
  /** When its whole site is back. */
  siteUntil = -Infinity;
  /** Something that the next owner has to know. */
  unsaved = false;
  #facts: UseFacts;
  #condition: Condition = READY;
  /** When its operator has changed it: what older calls say is about another key. */
  #freshSince = -Infinity;
  #stumbles = 0;
  #crowded = 0;

  /** @param rested No call of it can have begun that still counts. */
  constructor(facts: UseFacts, rested: boolean, now: number, limits: PoolLimits) {
    this.#facts = facts;
    const blockedUntil = rested ? -Infinity : now + startAgainMs(limits);
    this.tokens = new StartTokens(facts.limits.startsPerSecond, blockedUntil);
    this.learned = new Learned(facts.limits.inFlightMax, facts.limits.inFlightMax, now);
  }

  get facts(): UseFacts {
    return this.#facts;
  }

  get credential(): string {
    return this.#facts.credential;
  }

  get condition(): Condition {
    return this.#condition;
  }

  restore(state: UseState, now: number, wallNow: number): void {
    this.#condition = fromStored(state, now, wallNow);
    for (let n = this.learned.max; n > Math.max(1, state.learned); n--) this.learned.refused(Infinity, now);
  }

  /** The operator's word. A changed credential starts anew. */
  update(facts: UseFacts, now: number): void {
    const before = this.#facts;
    this.#facts = facts;
    this.tokens.resize(facts.limits.startsPerSecond);
    if (facts.limits.inFlightMax !== before.limits.inFlightMax) {
      this.learned.reset(facts.limits.inFlightMax, now);
      this.unsaved = true;
    }
    if (facts.changedAt === before.changedAt) return;
    this.#freshSince = now;
    this.#stumbles = this.#crowded = 0;
    this.#become(READY, now);
  }

  /** It is not among the credentials any more; what it has lent is still given back. */
  retire(): void {
    this.#facts = { ...this.#facts, enabled: false };
  }

  /** Nothing is lent, and nothing that was lent counts any more. */
  idle(now: number): boolean {
    return this.inFlight === 0 && this.tokens.idle(now);
  }

  get slots(): number {
    return this.learned.limit;
  }

  /** May be lent, once it has a slot and a start. */
  willing(now: number): boolean {
    return this.#facts.enabled && this.backAt(now) <= now && this.#condition.state !== "probing";
  }

  /** How many calls may begin at once. */
  room(now: number): number {
    return Math.min(this.slots - this.inFlight, this.tokens.free(now));
  }

  free(now: number): boolean {
    return this.inFlight < this.slots && this.willing(now) && this.tokens.free(now) > 0;
  }

  /** When it may be lent again for all that is known; Infinity when somebody has to mend it. */
  backAt(now: number): number {
    const { state } = this.#condition;
    if (state === "dead" || !this.#facts.enabled) return Infinity;
    if (state === "quota" || state === "forbidden") {
      return Math.max(now + 1, this.#condition.until, this.siteUntil);
    }
    return Math.max(now, state === "cooling" ? this.#condition.until : now, this.siteUntil);
  }

  /** When something changes by itself that may make it free; Infinity when it is up to others. */
  freeAt(now: number): number {
    const { state } = this.#condition;
    if (!this.#facts.enabled || (state !== "ready" && state !== "cooling")) return Infinity;
    if (this.inFlight >= this.slots) return Infinity;
    const token = this.tokens.free(now) > 0 ? now : this.tokens.nextAt(now);
    return Math.max(this.backAt(now), token);
  }

  /** When it has to be looked at by a call of its own. */
  probeAt(): number {
    if (!this.#facts.enabled || !("tries" in this.#condition) || !("until" in this.#condition)) {
      return Infinity;
    }
    return Math.max(this.#condition.until, this.siteUntil);
  }

  beginProbe(): void {
    if (this.#condition.state !== "quota" && this.#condition.state !== "forbidden") return;
    const { state: of, why, tries } = this.#condition;
    this.#condition = { state: "probing", of, why, tries };
  }

  take(now: number): void {
    this.inFlight++;
    this.tokens.take();
    this.lentAt = now;
  }

  /** @returns What a failed call says; the provider and the pool have to be told by whoever holds them. */
  judge(outcome: Outcome, lent: Lent, now: number, limits: PoolLimits): Blame {
    switch (outcome.kind) {
      case "unused":
        if (lent.probe && this.#condition.state === "probing") {
          this.#become(unsure(this.#condition, now), now);
        }
        return { kind: "nothing" };
      case "done":
        this.#stumbles = this.#crowded = 0;
        if (lent.probe) this.#become(READY, now);
        if (this.learned.succeeded(lent.atLimit, now, limits)) this.unsaved = true;
        return { kind: "nothing" };
      case "fault":
        return this.#blame(outcome, lent, now);
    }
  }

  stored(now: number, wallNow: number): UseState {
    return {
      credential: this.credential,
      ...toStored(this.#condition, now, wallNow),
      learned: this.learned.limit,
    };
  }

  #blame(outcome: Outcome & { kind: "fault" }, { lentAt }: Lent, now: number): Blame {
    const blame = blameOf(outcome.fault, outcome.providerWide === true);
    if (lentAt < this.#freshSince) {
      return blame.kind === "provider" || blame.kind === "clock" ? blame : { kind: "nothing" };
    }
    if (blame.kind === "crowded") {
      this.#crowded++;
      if (this.learned.refused(lentAt, now)) this.unsaved = true;
    }
    if (blame.kind === "stumble") this.#stumbles++;
    const inRow = blame.kind === "crowded" ? this.#crowded : this.#stumbles;
    const why = outcome.code ?? outcome.fault;
    const { retryAfterMs } = outcome;
    this.#become(conditionAfter(this.#condition, { blame, why, retryAfterMs, inRow }, now), now);
    return blame;
  }

  #become(condition: Condition, now: number): void {
    if (!sameStored(this.#condition, condition, now)) this.unsaved = true;
    this.#condition = condition;
  }
}
