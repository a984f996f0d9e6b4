import type { Output } from "actors/runtime/definition.ts";
import type { PoolVerbs } from "./definition.ts";
import type { Use } from "./use.ts";

type UseView = Output<PoolVerbs["inspect"]>["uses"][number];

export function viewOf(use: Use, now: number): UseView {
  const { facts, condition, learned } = use;
  const rested = condition.state === "cooling" && condition.until <= now && use.siteUntil <= now;
  const cooling = condition.state === "ready" && use.siteUntil > now;
  const state = !facts.enabled ? "disabled" : rested ? "ready" : cooling ? "cooling" : condition.state;
  const back = use.backAt(now);
  return {
    ...{ credential: use.credential, label: facts.label, state, inFlight: use.inFlight },
    ...(back > now && back < Infinity ? { forMs: Math.ceil(back - now) } : {}),
    ...{ inFlightMax: learned.max, learned: learned.limit, startsPerSecond: facts.limits.startsPerSecond },
  };
}
