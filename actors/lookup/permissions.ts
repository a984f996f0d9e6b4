import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";

export const LOOKUP_ROLES = ["system", "operator", "user", "service", "anonymous"] as const;
export type LookupRole = typeof LOOKUP_ROLES[number];

/** Of a card not everybody may see everything: nodes look it up, and show each caller his part. */
const MAY: readonly LookupRole[] = ["system"];

export function roleOf(caller: Caller): LookupRole {
  return caller.kind;
}

/** Undefined when the caller may. */
export function refusalOf(caller: Caller): BarrageError | undefined {
  const role = roleOf(caller);
  return MAY.includes(role)
    ? undefined
    : new BarrageError("forbidden", `Cannot call lookup.get: not allowed for ${role}`);
}
