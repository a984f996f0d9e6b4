import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { PoolVerb } from "./definition.ts";

export const POOL_ROLES = ["system", "operator", "user", "service", "anonymous"] as const;
export type PoolRole = typeof POOL_ROLES[number];

type Allowed = readonly PoolRole[];

const RUNTIME: Allowed = ["system"];
const OPERATORS: Allowed = ["system", "operator"];

/** Who may call what: people ask answers, never a pool. */
export const MAY: Readonly<Record<PoolVerb, Allowed>> = {
  enqueue: RUNTIME,
  leave: RUNTIME,
  started: RUNTIME,
  renew: RUNTIME,
  release: RUNTIME,
  holds: RUNTIME,
  declined: RUNTIME,
  settle: RUNTIME,
  probe: OPERATORS,
  refresh: OPERATORS,
  inspect: OPERATORS,
  tick: RUNTIME,
  probed: RUNTIME,
};

export function roleOf(caller: Caller): PoolRole {
  if (caller.kind === "user") return caller.standing === "operator" ? "operator" : "user";
  return caller.kind;
}

/** @throws {BarrageError} `unauthenticated` for anonymous callers who could sign in, else `forbidden`. */
export function authorize(verb: PoolVerb, caller: Caller): void {
  const allowed = MAY[verb];
  const role = roleOf(caller);
  if (allowed.includes(role)) return;
  if (role === "anonymous" && allowed !== RUNTIME) throw new BarrageError("unauthenticated");
  throw new BarrageError("forbidden", `Cannot call pool.${verb}: not allowed for ${role}`);
}
