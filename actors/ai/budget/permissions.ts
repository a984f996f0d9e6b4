import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { BudgetVerb } from "./definition.ts";

export const BUDGET_ROLES = ["system", "operator", "self", "other", "anonymous"] as const;
export type BudgetRole = typeof BUDGET_ROLES[number];

const RUNTIME: readonly BudgetRole[] = ["system"];

/** Who may call what: answers take and settle, people look. */
export const MAY: Readonly<Record<BudgetVerb, readonly BudgetRole[]>> = {
  take: RUNTIME,
  settle: RUNTIME,
  drop: RUNTIME,
  read: ["system", "operator", "self"],
};

/** @param user Whose budget it is. */
export function roleOf(caller: Caller, user: string): BudgetRole {
  switch (caller.kind) {
    case "user":
      if (caller.user.id === user) return "self";
      return caller.standing === "operator" ? "operator" : "other";
    case "service":
      return caller.user.id === user ? "self" : "other";
    case "operator":
    case "system":
    case "anonymous":
      return caller.kind;
  }
}

/** @throws {BarrageError} `unauthenticated` for anonymous callers who could sign in, else `forbidden`. */
export function authorize(verb: BudgetVerb, caller: Caller, user: string): void {
  const role = roleOf(caller, user);
  if (MAY[verb].includes(role)) return;
  if (role === "anonymous" && MAY[verb] !== RUNTIME) throw new BarrageError("unauthenticated");
  throw new BarrageError("forbidden", `Cannot call budget.${verb}: not allowed for ${role}`);
}
