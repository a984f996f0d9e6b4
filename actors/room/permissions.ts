import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { RoomRecord } from "storage/storage.ts";
import type { RoomVerb } from "./definition.ts";

export const ROOM_ROLES = [
  "system",
  "operator",
  "owner",
  "moderator",
  "viewer",
  "guest",
  "service",
  /** A service whose key has the scope. */
  "service:rooms",
  "service:messages",
  "anonymous",
] as const;
export type RoomRole = typeof ROOM_ROLES[number];

type Posts = Pick<RoomRecord, "owner" | "moderators">;
type Allowed = readonly RoomRole[];

const EVERYONE: Allowed = ROOM_ROLES;
const USERS: Allowed = ["owner", "moderator", "viewer", "guest"];
const CHIEFS: Allowed = ["owner", "operator", "service:rooms"];
const MODERATORS: Allowed = [...CHIEFS, "moderator"];
const RUNTIME: Allowed = ["system"];

/** Who may call what. Settings of the room may narrow it further (`guestsMaySay`). */
export const MAY: Readonly<Record<RoomVerb, Allowed>> = {
  create: [...USERS, "service:rooms"],
  info: EVERYONE,
  update: CHIEFS,
  remove: CHIEFS,
  appoint: CHIEFS,
  dismiss: CHIEFS,
  mute: MODERATORS,
  unmute: MODERATORS,
  mutes: MODERATORS,
  assistant: MODERATORS,
  setAssistant: CHIEFS,
  removeAssistant: MODERATORS,
  join: EVERYONE,
  say: [...USERS, "service:messages"],
  messages: EVERYONE,
  attend: RUNTIME,
  tick: RUNTIME,
  trim: RUNTIME,
  assist: RUNTIME,
  heard: RUNTIME,
};

/**
 * What the caller is in this room. A user who is an operator of the site is that besides; a person on the bus is
 * nothing else, so nothing can be said on nobody's behalf.
 */
export function rolesOf(caller: Caller, room: Posts | undefined): Allowed {
  switch (caller.kind) {
    case "user": {
      const { user, standing } = caller;
      const post = postOf(user.id, room) ?? (standing === "guest" ? "guest" : "viewer");
      return standing === "operator" ? ["operator", post] : [post];
    }
    case "service":
      return [
        "service",
        ...caller.scopes.flatMap((scope) =>
          scope === "rooms" || scope === "messages" ? [`service:${scope}` as const] : []
        ),
      ];
    case "operator":
    case "system":
    case "anonymous":
      return [caller.kind];
  }
}

/** @throws {BarrageError} `unauthenticated` for anonymous callers who could sign in, else `forbidden`. */
export function authorize(verb: RoomVerb, caller: Caller, room: Posts | undefined): Allowed {
  const allowed = MAY[verb];
  const roles = rolesOf(caller, room);
  if (roles.some((role) => allowed.includes(role))) return roles;
  if (caller.kind === "anonymous" && allowed !== RUNTIME) throw new BarrageError("unauthenticated");
  throw new BarrageError("forbidden", `Cannot call room.${verb}: not allowed for ${roles.join(", ")}`);
}

/**
 * Nobody mutes the owner, and moderators neither mute nor unmute each other.
 * @param roles The caller's.
 * @throws {BarrageError} `forbidden`.
 */
export function authorizeMuting(roles: Allowed, target: string, room: Posts): void {
  const post = postOf(target, room);
  if (post === "owner") throw new BarrageError("forbidden", "The owner of a room is never muted");
  if (post === "moderator" && !roles.some((role) => CHIEFS.includes(role))) {
    throw new BarrageError("forbidden", "Only the owner and operators mute or unmute a moderator");
  }
}

/** A mute binds neither the owner nor an operator, whatever they were when it was spoken. */
export function isAboveMutes(roles: Allowed): boolean {
  return roles.includes("owner") || roles.includes("operator");
}

function postOf(user: string, room: Posts | undefined): "owner" | "moderator" | undefined {
  if (user === room?.owner.id) return "owner";
  return room?.moderators.includes(user) ? "moderator" : undefined;
}
