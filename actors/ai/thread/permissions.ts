import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { ThreadVerb } from "./definition.ts";

export const THREAD_ROLES = ["system", "operator", "owner", "stranger", "anonymous"] as const;
export type ThreadRole = typeof THREAD_ROLES[number];

type Allowed = readonly ThreadRole[];

/** A thread is its owner's alone: not even operators read it. Who may ask at all is for the answer to say. */
export const MAY: Readonly<Record<ThreadVerb, Allowed>> = {
  ask: ["owner"],
  history: ["owner"],
  forget: ["owner"],
};

/** @param owner Undefined while there is no thread: whoever begins it owns it. */
export function rolesOf(caller: Caller, owner: string | undefined): Allowed {
  switch (caller.kind) {
    case "user":
    case "service":
      return [owner === undefined || owner === caller.user.id ? "owner" : "stranger"];
    case "operator":
    case "system":
    case "anonymous":
      return [caller.kind];
  }
}

/** @throws {BarrageError} `unauthenticated`, `forbidden`. */
export function authorize(verb: ThreadVerb, caller: Caller, owner: string | undefined): void {
  const allowed = MAY[verb];
  if (rolesOf(caller, owner).some((role) => allowed.includes(role))) return;
  if (caller.kind === "anonymous") throw new BarrageError("unauthenticated");
  throw new BarrageError("forbidden", `Cannot call thread.${verb}: the thread is somebody else's`);
}
