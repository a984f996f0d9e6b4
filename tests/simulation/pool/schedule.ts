import { FAULT_KINDS, type FaultKind } from "actors/ai/provider.ts";
import { Random } from "../random.ts";
import type { DatabaseWeather } from "./database.ts";
import type { PostWeather } from "./post.ts";
import type { TrueLimits, UpstreamWeather } from "./upstream.ts";

export type PoolStep =
  | {
    readonly do: "ask";
    readonly user: number;
    readonly count: number;
    readonly band: "high" | "normal" | "low";
    readonly waitMs: number;
    /** Asks the same as others with this number. */
    readonly same?: number;
    readonly sticky: boolean;
  }
  | { readonly do: "cancel"; readonly nth: number }
  | { readonly do: "kill"; readonly place: number; readonly downMs: number }
  | { readonly do: "hand_off"; readonly to: number; readonly graceMs: number }
  /** Nothing of this process reaches the database for so long, so its lease may run out though it lives. */
  | { readonly do: "cut_off"; readonly place: number; readonly ms: number }
  | { readonly do: "pause"; readonly place: number; readonly ms: number }
  | { readonly do: "drop_run"; readonly nth: number }
  | { readonly do: "move_answer"; readonly nth: number; readonly to: number }
  | { readonly do: "rotate"; readonly credential: number }
  | { readonly do: "disable"; readonly credential: number; readonly forMs: number };

export interface PoolSchedule {
  readonly seed: number;
  /** Nothing breaks and all ask at once: what is fair, full and in order is checked as well. */
  readonly backlog: boolean;
  readonly places: number;
  readonly credentials: readonly TrueLimits[];
  readonly post: PostWeather;
  readonly database: DatabaseWeather;
  readonly upstream: UpstreamWeather;
  readonly lateChance: number;
  readonly roadMs: number;
  readonly steps: readonly { readonly at: number; readonly step: PoolStep }[];
  readonly lengthMs: number;
}

/** Everything that will happen from outside follows from the seed. */
export function poolScheduleOf(seed: number): PoolSchedule {
  const random = new Random(seed);
  return seed % 4 === 0 ? backlog(seed, random) : rough(seed, random);
}

function backlog(seed: number, random: Random): PoolSchedule {
  const credentials = Array.from({ length: 1 + random.below(4) }, () => {
    const inFlightMax = 1 + random.below(4);
    return { inFlightMax, startsPerSecond: inFlightMax + random.below(2) };
  });
  const slots = credentials.reduce((sum, { inFlightMax }) => sum + inFlightMax, 0);
  const users = 2 + random.below(5);
  const each = Math.ceil(slots * 6 / users) + 3;
  const steps = Array.from({ length: users }, (_, user) => ({
    at: random.between(0, 500),
    step: { do: "ask", user, count: each, band: "normal", waitMs: 200_000, sticky: false } as const,
  }));
  return {
    ...{ seed, backlog: true, places: 1 + random.below(3), credentials, steps, lateChance: 0, roadMs: 300 },
    post: { delayMs: random.pick([1, 5, 20]), stallChance: 0, stallMs: 0, lossChance: 0, doubleChance: 0 },
    database: { delayMs: random.pick([1, 5]), slowChance: 0, slowMs: 0, breakChance: 0 },
    upstream: { faultChance: 0, faults: [], firstMs: 300, bodyMs: [2_000, random.pick([4_000, 8_000])] },
    lengthMs: 90_000,
  };
}

function rough(seed: number, random: Random): PoolSchedule {
  const credentials = Array.from({ length: 1 + random.below(5) }, () => ({
    inFlightMax: 1 + random.below(3),
    startsPerSecond: 1 + random.below(3),
  }));
  const places = 1 + random.below(3);
  const lengthMs = random.pick([8_000, 20_000, 40_000]);
  const steps: { at: number; step: PoolStep }[] = [];
  const asks = 4 + random.below(12);
  for (let n = 0; n < asks; n++) steps.push({ at: random.between(0, lengthMs), step: ask(random) });
  const hurts = random.below(8);
  for (let n = 0; n < hurts; n++) {
    const at = random.between(0, lengthMs);
    const step = hurt(random, places, credentials.length);
    steps.push({ at, step });
    // Somebody who has not lent it looks whose calls are over, about when that lease runs out.
    if (step.do === "cut_off") {
      const handOff = { do: "hand_off", to: random.below(places), graceMs: 50 } as const;
      steps.push({ at: at + random.between(7_000, 13_000), step: handOff });
    }
  }
  steps.sort((a, b) => a.at - b.at);
  return {
    ...{ seed, backlog: false, places, credentials, steps, lengthMs },
    lateChance: random.pick([0, 0, 0.05]),
    roadMs: random.pick([1, 30, 300]),
    post: {
      delayMs: random.pick([1, 20, 150]),
      stallChance: random.pick([0, 0.02]),
      stallMs: random.pick([500, 1_500]),
      lossChance: random.pick([0, 0, 0.01, 0.05]),
      doubleChance: random.pick([0, 0.05]),
    },
    database: {
      delayMs: random.pick([1, 10, 50]),
      slowChance: random.pick([0, 0.05, 0.4]),
      slowMs: random.pick([500, 4_000]),
      breakChance: random.pick([0, 0, 0.02]),
    },
    upstream: {
      faultChance: random.pick([0, 0.05, 0.3]),
      faults: random.chance(0.5) ? [random.pick(FAULT_KINDS)] : mild(random),
      firstMs: random.pick([0, 50, 1_500]),
      bodyMs: random.pick([[0, 800], [500, 4_000], [2_000, 15_000]] as const),
    },
  };
}

/** Several kinds at once, few of which end a credential. */
function mild(random: Random): FaultKind[] {
  return FAULT_KINDS.filter((kind) => kind !== "auth" && random.chance(0.6));
}

function ask(random: Random): PoolStep {
  const same = random.chance(0.2) ? random.below(2) : undefined;
  return {
    do: "ask",
    user: random.below(5),
    count: 1 + random.below(6),
    band: random.pick(["high", "normal", "normal", "normal", "low"]),
    waitMs: random.pick([3_000, 30_000, 60_000]),
    ...(same === undefined ? {} : { same }),
    sticky: random.chance(0.05),
  };
}

function hurt(random: Random, places: number, credentials: number): PoolStep {
  const place = random.below(places);
  const kind = random.next();
  if (kind < 0.1) return { do: "cancel", nth: random.below(40) };
  if (kind < 0.15) return { do: "cut_off", place, ms: random.pick([4_000, 12_000, 20_000]) };
  if (kind < 0.35) return { do: "kill", place, downMs: random.pick([100, 3_000, 12_000]) };
  if (kind < 0.6) return { do: "hand_off", to: place, graceMs: random.pick([50, 2_000]) };
  if (kind < 0.7) return { do: "pause", place, ms: random.between(50, 1_000) };
  if (kind < 0.8) return { do: "drop_run", nth: random.below(40) };
  if (kind < 0.9) return { do: "move_answer", nth: random.below(40), to: place };
  const credential = random.below(credentials);
  if (kind < 0.95) return { do: "rotate", credential };
  return { do: "disable", credential, forMs: random.pick([500, 5_000]) };
}
