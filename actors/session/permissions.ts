import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { SessionVerb } from "./definition.ts";

export const SESSION_ROLES = ["self", "operator", "system", "other"] as const;
export type SessionRole = typeof SESSION_ROLES[number];

const SELF: readonly SessionRole[] = ["self"];

/** Who may call what. What is said through a session is said as its user, so nobody else may. */
export const MAY: Readonly<Record<SessionVerb, readonly SessionRole[]>> = {
  join: SELF,
  leave: SELF,
  pause: SELF,
  unpause: SELF,
  say: SELF,
  mute: SELF,
  unmute: SELF,
  kick: ["operator", "system"],
};

export function roleOf(caller: Caller, owner: Caller): SessionRole {
  if (caller.kind === "operator" || caller.kind === "system") return caller.kind;
  if (isSame(caller, owner)) return "self";
  return caller.kind === "user" && caller.standing === "operator" ? "operator" : "other";
}

function isSame(caller: Caller, owner: Caller): boolean {
  switch (caller.kind) {
    case "user":
      return owner.kind === "user" && caller.user.id === owner.user.id && caller.session === owner.session;
    case "service":
      return owner.kind === "service" && caller.user.id === owner.user.id;
    default:
      return false;
  }
}

/** @throws {BarrageError} `forbidden`. */
export function authorize(verb: SessionVerb, caller: Caller, owner: Caller): void {
  const role = roleOf(caller, owner);
  if (MAY[verb].includes(role)) return;
  throw new BarrageError("forbidden", `Cannot call session.${verb}: not allowed for ${role}`);
}
