import type { FaultKind } from "actors/ai/provider.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";

export interface TrueLimits {
  readonly inFlightMax: number;
  readonly startsPerSecond: number;
}

export interface UpstreamWeather {
  /** Calls that fail on their own account, and with what. */
  readonly faultChance: number;
  readonly faults: readonly FaultKind[];
  /** Milliseconds until the first byte, and from it to the end, at most. */
  readonly firstMs: number;
  readonly bodyMs: readonly [number, number];
}

/** What the upstream will do with a call that it took. */
export interface Plan {
  /** Answered at once instead of the stream. */
  readonly refused?: FaultKind;
  readonly firstMs: number;
  readonly bodyMs: number;
  /** The stream breaks at its end. */
  readonly broken?: FaultKind;
}

interface Account {
  readonly limits: TrueLimits;
  inFlight: number;
  /** When calls of the last second arrived. */
  starts: number[];
}

/** What an upstream answers with before it has begun. */
const AT_ONCE: readonly FaultKind[] = [
  "rate",
  "concurrency",
  "quota",
  "auth",
  "forbidden",
  "busy",
  "clock",
  "invalid",
  "context",
  "transient",
];

/** Counts for each credential what arrives, by a clock of its own. */
export class ModelUpstream {
  /** Calls over a limit: there must be none. */
  readonly over: string[] = [];
  calls = 0;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #rate: number;
  readonly #accounts = new Map<string, Account>();
  weather: UpstreamWeather;

  constructor(timeline: Timeline, random: Random, weather: UpstreamWeather) {
    this.#timeline = timeline;
    this.#random = random;
    this.#rate = 1 + random.between(-0.01, 0.01);
    this.weather = weather;
  }

  open(credential: string, limits: TrueLimits): void {
    this.#accounts.set(credential, { limits, inFlight: 0, starts: [] });
  }

  get inFlight(): number {
    let inFlight = 0;
    for (const account of this.#accounts.values()) inFlight += account.inFlight;
    return inFlight;
  }

  /** A call has arrived; it is in flight until `end`. */
  begin(credential: string): Plan {
    const account = this.#accounts.get(credential)!;
    const now = this.#timeline.now * this.#rate;
    this.calls++;
    account.starts = account.starts.filter((at) => now - at < 1_000);
    account.starts.push(now);
    account.inFlight++;
    const { inFlightMax, startsPerSecond } = account.limits;
    const at = `at ${this.#timeline.now.toFixed(0)} ms`;
    if (account.starts.length > startsPerSecond) {
      this.over.push(`${at}: ${account.starts.length} starts of ${credential} in a second`);
    }
    if (account.inFlight > inFlightMax) {
      this.over.push(`${at}: ${account.inFlight} calls of ${credential} in flight`);
    }
    return this.#plan();
  }

  end(credential: string): void {
    this.#accounts.get(credential)!.inFlight--;
  }

  #plan(): Plan {
    const { faultChance, faults, firstMs, bodyMs } = this.weather;
    const random = this.#random;
    const plan = { firstMs: random.between(0, firstMs), bodyMs: random.between(...bodyMs) };
    if (faults.length === 0 || !random.chance(faultChance)) return plan;
    const fault = random.pick(faults);
    return AT_ONCE.includes(fault) ? { ...plan, refused: fault } : { ...plan, broken: fault };
  }
}
