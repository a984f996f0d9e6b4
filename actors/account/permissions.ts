import { BarrageError } from "protocol/errors.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { AccountVerb } from "./definition.ts";

/** `service` is a program whose key has the scope `accounts`; `other` is whoever else has an account or a key. */
export type AccountRole = "system" | "operator" | "self" | "other" | "guest" | "service" | "anonymous";

const EVERYONE: readonly AccountRole[] = [
  "system",
  "operator",
  "self",
  "other",
  "guest",
  "service",
  "anonymous",
];
/** Who is not signed in yet, or has lost the password: what they bring with them is the proof. */
const NEWCOMERS: readonly AccountRole[] = ["anonymous"];
const SELF: readonly AccountRole[] = ["self"];
const CHIEFS: readonly AccountRole[] = ["operator", "service"];
const SELF_AND_CHIEFS: readonly AccountRole[] = ["self", ...CHIEFS];

/** Who may call what. SENSITIVE narrows it further for the account itself. */
export const MAY: Readonly<Record<AccountVerb, readonly AccountRole[]>> = {
  create: ["guest", "anonymous"],
  signIn: NEWCOMERS,
  refresh: NEWCOMERS,
  signOut: [...SELF_AND_CHIEFS, "anonymous"],
  sessions: SELF_AND_CHIEFS,
  confirm: SELF,
  assertConfirmed: SELF,
  profile: EVERYONE,
  read: SELF_AND_CHIEFS,
  update: ["self", "operator"],
  setPassword: SELF,
  resetPassword: NEWCOMERS,
  sendCode: ["self", "anonymous"],
  addContact: SELF,
  removeContact: SELF,
  link: SELF,
  unlink: SELF,
  setRole: CHIEFS,
  remove: SELF_AND_CHIEFS,
};

/** The account's owner must have proved a short while ago that it is still he who calls. */
export const SENSITIVE: ReadonlySet<AccountVerb> = new Set([
  "assertConfirmed",
  "setPassword",
  "addContact",
  "removeContact",
  "link",
  "unlink",
  "remove",
]);

export function roleOf(caller: Caller, account: string): AccountRole {
  switch (caller.kind) {
    case "user":
      if (caller.standing === "guest") return "guest";
      if (caller.user.id === account) return "self";
      return caller.standing === "operator" ? "operator" : "other";
    case "service":
      return caller.scopes.includes("accounts") ? "service" : "other";
    case "anonymous":
    case "operator":
    case "system":
      return caller.kind;
  }
}

/** @throws {BarrageError} `unauthenticated` for anonymous callers, who could sign in, else `forbidden`. */
export function authorize(verb: AccountVerb, caller: Caller, account: string): AccountRole {
  const role = roleOf(caller, account);
  if (MAY[verb].includes(role)) return role;
  if (role === "anonymous") throw new BarrageError("unauthenticated");
  throw new BarrageError("forbidden", `Cannot call account.${verb}: not allowed for ${role}`);
}
