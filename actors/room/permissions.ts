import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { RoomVerb } from "./definition.ts";

export type RoomRole = "system" | "operator" | "owner" | "viewer" | "guest" | "service" | "anonymous";

const EVERYONE: readonly RoomRole[] = [
  "system",
  "operator",
  "owner",
  "viewer",
  "guest",
  "service",
  "anonymous",
];
const USERS: readonly RoomRole[] = ["owner", "viewer", "guest"];
const CHIEFS: readonly RoomRole[] = ["operator", "owner"];
const RUNTIME: readonly RoomRole[] = ["system"];

/** Who may call what. Settings of the room may narrow it further (`guestsMaySay`). */
export const MAY: Readonly<Record<RoomVerb, readonly RoomRole[]>> = {
  create: USERS,
  info: EVERYONE,
  update: CHIEFS,
  remove: CHIEFS,
  join: EVERYONE,
  say: USERS,
  messages: EVERYONE,
  attend: RUNTIME,
  tick: RUNTIME,
  trim: RUNTIME,
};

export function roleOf(caller: Caller, ownerId: string | undefined): RoomRole {
  if (caller.kind !== "user") return caller.kind;
  if (caller.user.id === ownerId) return "owner";
  return caller.standing === "guest" ? "guest" : "viewer";
}

/** @throws {BarrageError} `unauthenticated` for anonymous callers who could sign in, else `forbidden`. */
export function authorize(verb: RoomVerb, caller: Caller, ownerId: string | undefined): RoomRole {
  const role = roleOf(caller, ownerId);
  if (MAY[verb].includes(role)) return role;
  if (role === "anonymous" && MAY[verb] !== RUNTIME) throw new BarrageError("unauthenticated");
  throw new BarrageError("forbidden", `Cannot call room.${verb}: not allowed for ${role}`);
}
