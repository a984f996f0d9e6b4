import type { LinkWeather } from "./database_link.ts";
import type { NetworkWeather } from "./network.ts";
import { Random } from "./random.ts";

export type Step =
  | {
    readonly do: "add";
    readonly place: number;
    readonly key: number;
    readonly sender: number;
    readonly burst: number;
    readonly timeoutMs: number;
  }
  | { readonly do: "arm"; readonly place: number; readonly key: number; readonly inMs: number }
  | { readonly do: "crash"; readonly place: number; readonly key: number }
  | { readonly do: "kill"; readonly place: number; readonly downMs: number; readonly reborn: boolean }
  | { readonly do: "deploy"; readonly place: number }
  | { readonly do: "pause"; readonly place: number; readonly ms: number }
  | { readonly do: "cut_bus"; readonly place: number; readonly ms: number; readonly noticeMs: number }
  | { readonly do: "cut_database"; readonly place: number; readonly ms: number }
  | { readonly do: "set_clock"; readonly place: number; readonly skewMs: number };

export interface Schedule {
  readonly seed: number;
  readonly places: number;
  readonly network: NetworkWeather;
  readonly link: LinkWeather;
  readonly steps: readonly { readonly at: number; readonly step: Step }[];
  readonly lengthMs: number;
}

export const KEYS = 4;
export const SENDERS = 2;

/** Everything that will happen from outside follows from the seed. */
export function scheduleOf(seed: number): Schedule {
  const random = new Random(seed);
  const places = random.pick([2, 3, 3, 3, 4]);
  const lengthMs = random.pick([6_000, 15_000, 30_000]);
  const calm = random.chance(0.3);
  const network: NetworkWeather = {
    delayMs: random.pick([1, 5, 40]),
    stallChance: calm ? 0 : random.pick([0, 0.002, 0.01]),
    stallMs: random.pick([100, 1_500]),
    loss: calm ? 0 : random.pick([0, 0.002, 0.02]),
    gossipMs: random.pick([0, 20, 300]),
  };
  const link: LinkWeather = {
    delayMs: random.pick([1, 5, 30]),
    stallChance: calm ? 0 : random.pick([0, 0.01, 0.03]),
    stallMs: random.pick([300, 4_000, 15_000]),
    breakChance: calm ? 0 : random.pick([0, 0, 0.01, 0.03]),
  };
  const steps: { at: number; step: Step }[] = [];
  const count = 10 + random.below(50);
  for (let n = 0; n < count; n++) {
    steps.push({ at: random.between(0, lengthMs), step: stepOf(random, places) });
  }
  steps.sort((a, b) => a.at - b.at);
  return { seed, places, network, link, steps, lengthMs };
}

function stepOf(random: Random, places: number): Step {
  const place = random.below(places);
  const key = random.below(KEYS);
  const kind = random.next();
  if (kind < 0.68) {
    const timeoutMs = random.pick([1_000, 5_000, 5_000, 20_000]);
    return { do: "add", place, key, sender: random.below(SENDERS), burst: 1 + random.below(6), timeoutMs };
  }
  if (kind < 0.72) return { do: "arm", place, key, inMs: random.between(0, 8_000) };
  if (kind < 0.74) return { do: "crash", place, key };
  if (kind < 0.79) {
    return { do: "kill", place, downMs: random.pick([0, 500, 12_000]), reborn: random.chance(0.5) };
  }
  if (kind < 0.84) return { do: "deploy", place };
  if (kind < 0.90) return { do: "pause", place, ms: random.pick([200, 3_000, 9_000, 20_000]) };
  if (kind < 0.95) {
    const noticeMs = random.pick([0, 5, 4_000]);
    return { do: "cut_bus", place, ms: random.pick([50, 2_000, 7_000, 15_000]), noticeMs };
  }
  if (kind < 0.99) return { do: "cut_database", place, ms: random.pick([100, 3_000, 9_000, 15_000]) };
  return { do: "set_clock", place, skewMs: random.pick([-3_600_000, 3_600_000]) };
}
