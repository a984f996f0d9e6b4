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
  // Says the same of answers that are another one's and of those that there are not.
  const why = allowed.includes("asker") ? "you have asked for no such answer" : "not allowed for this caller";
  throw new BarrageError("forbidden", `Cannot call answer.${verb}: ${why}`);
}
