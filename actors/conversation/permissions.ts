import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { MemberRecord } from "storage/conversation_storage.ts";
import type { ConversationVerb } from "./definition.ts";

export const CONVERSATION_ROLES = [
  "system",
  /** Runs the server: a signed-in member with that standing, or a person on the bus. */
  "operator",
  "owner",
  "admin",
  "member",
  /** One of the two of a direct conversation. */
  "peer",
  /** Invited, or waiting to be let in. */
  "candidate",
  /** Left, or was removed. */
  "former",
  /** Has an account and no part in the conversation. */
  "outsider",
  "guest",
  "service",
  "anonymous",
] as const;
export type ConversationRole = typeof CONVERSATION_ROLES[number];

type Allowed = readonly ConversationRole[];

const CHIEFS: Allowed = ["owner", "admin"];
const GROUP: Allowed = [...CHIEFS, "member"];
const INSIDE: Allowed = [...GROUP, "peer"];
const COMERS: Allowed = [...GROUP, "candidate", "former", "outsider"];
const RUNTIME: Allowed = ["system"];

/** Who may call what. What is asked for, and the settings of a group, may narrow it further. */
export const MAY: Readonly<Record<ConversationVerb, Allowed>> = {
  open: INSIDE,
  send: INSIDE,
  edit: INSIDE,
  recall: [...INSIDE, "operator"],
  read: INSIDE,
  delivered: ["peer"],
  report: [...INSIDE, "former"],
  typing: INSIDE,
  settings: INSIDE,
  block: ["peer"],
  since: [...INSIDE, "candidate", "former"],
  history: INSIDE,
  create: COMERS,
  preview: [...COMERS, "operator"],
  join: COMERS,
  leave: [...GROUP, "candidate", "former"],
  invite: GROUP,
  approve: CHIEFS,
  decline: CHIEFS,
  remove: [...CHIEFS, "operator"],
  role: ["owner"],
  transfer: ["owner"],
  update: CHIEFS,
  setAssistant: CHIEFS,
  assist: RUNTIME,
  heard: RUNTIME,
  link: CHIEFS,
  unlink: CHIEFS,
  members: [...GROUP, "operator"],
  membersAmong: RUNTIME,
  sweep: RUNTIME,
};

/** What the caller's part in a conversation is; undefined for none. */
export type Part = Pick<MemberRecord, "role" | "state"> | "peer" | undefined;

export function rolesOf(caller: Caller, part: Part): Allowed {
  switch (caller.kind) {
    case "user": {
      if (caller.standing === "guest") return ["guest"];
      const role = roleIn(part);
      return caller.standing === "operator" ? ["operator", role] : [role];
    }
    case "service":
    case "operator":
    case "system":
    case "anonymous":
      return [caller.kind];
  }
}

function roleIn(part: Part): ConversationRole {
  if (part === undefined || part === "peer") return part ?? "outsider";
  switch (part.state) {
    case "member":
      return part.role;
    case "invited":
    case "asked":
      return "candidate";
    case "left":
    case "removed":
      return "former";
  }
}

/** @throws {BarrageError} `unauthenticated` for anonymous callers who could sign in, else `forbidden`. */
export function authorize(verb: ConversationVerb, caller: Caller, part: Part): Allowed {
  const allowed = MAY[verb];
  const roles = rolesOf(caller, part);
  if (roles.some((role) => allowed.includes(role))) return roles;
  if (caller.kind === "anonymous" && allowed !== RUNTIME) throw new BarrageError("unauthenticated");
  throw new BarrageError(
    "forbidden",
    `Cannot call conversation.${verb}: not allowed for ${roles.join(", ")}`,
  );
}

/** A person on the bus has a name and no account. */
const NOBODY = "0".repeat(26);

/**
 * Who stands as the author of what the caller does.
 * @throws {BarrageError} `unauthenticated`, `forbidden`.
 */
export function authorOf(caller: Caller): User {
  switch (caller.kind) {
    case "user":
    case "service":
      return caller.user;
    case "operator":
      return { id: NOBODY, name: caller.name };
    case "anonymous":
      throw new BarrageError("unauthenticated");
    case "system":
      throw new BarrageError("forbidden");
  }
}
