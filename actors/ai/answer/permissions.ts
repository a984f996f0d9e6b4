import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { AnswerVerb } from "./definition.ts";

export const ANSWER_ROLES = [
  "system",
  "operator",
  "asker",
  "member",
  "guest",
  "service",
  "anonymous",
] as const;
export type AnswerRole = typeof ANSWER_ROLES[number];

type Allowed = readonly AnswerRole[];

const RUNTIME: Allowed = ["system"];

/** Who may call what. Guests may ask only where the settings say so, services only with the scope `ai`. */
export const MAY: Readonly<Record<AnswerVerb, Allowed>> = {
  ask: ["member", "guest", "service", "system"],
  admit: RUNTIME,
  follow: ["asker", "operator", "system"],
  cancel: ["asker", "operator", "system"],
  forget: RUNTIME,
  withdraw: RUNTIME,
  attend: RUNTIME,
  granted: RUNTIME,
  refused: RUNTIME,
  pieces: RUNTIME,
  tick: RUNTIME,
};

/** @param asked Whether the caller is one of the askers. */
export function rolesOf(caller: Caller, asked: boolean, guests: boolean): Allowed {
  const asker: Allowed = asked ? ["asker"] : [];
  switch (caller.kind) {
    case "user":
      if (caller.standing === "guest") return guests ? [...asker, "guest"] : asker;
      return caller.standing === "operator" ? [...asker, "member", "operator"] : [...asker, "member"];
    case "service":
      return caller.scopes.includes("ai") ? [...asker, "service"] : asker;
    case "operator":
    case "system":
    case "anonymous":
      return [caller.kind];
  }
}

/** @throws {BarrageError} `unauthenticated` for anonymous callers who could sign in, else `forbidden`. */
export function authorize(verb: AnswerVerb, caller: Caller, asked: boolean, guests: boolean): void {
  const allowed = MAY[verb];
  const roles = rolesOf(caller, asked, guests);
  if (roles.some((role) => allowed.includes(role))) return;
  if (caller.kind === "anonymous" && allowed !== RUNTIME) throw new BarrageError("unauthenticated");
  throw new BarrageError("forbidden", `Cannot call answer.${verb}: ${whyNot(allowed, caller)}`);
}

function whyNot(allowed: Allowed, caller: Caller): string {
  // The same for answers that are another one's and for those that there are not.
  if (allowed.includes("asker")) return "you have asked for no such answer";
  if (allowed.includes("guest") && caller.kind === "user") return "guests may not";
  if (allowed.includes("service") && caller.kind === "service") return "the key lacks the scope ai";
  return "not allowed for this caller";
}
