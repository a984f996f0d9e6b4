import { z } from "zod";
import { Scope } from "protocol/api_keys.ts";
import { Ulid } from "protocol/ids.ts";
import { User } from "protocol/users.ts";

/** A guest has a token and no account; an operator is a member who may run the server. */
export const Standing = z.enum(["guest", "member", "operator"]);
export type Standing = z.infer<typeof Standing>;

/** On whose behalf a command runs; set at the border from a verified token, never by the client itself. */
export const Caller = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("anonymous") }),
  z.object({ kind: z.literal("user"), user: User, standing: Standing, session: Ulid }),
  /** A program of the product team, by its API key; it speaks under the key's name. */
  z.object({ kind: z.literal("service"), user: User, scopes: z.array(Scope) }),
  /** A person on the bus. */
  z.object({ kind: z.literal("operator"), name: z.string() }),
  z.object({ kind: z.literal("system") }),
]);
export type Caller = z.infer<typeof Caller>;

export const SYSTEM: Caller = { kind: "system" };
export const ANONYMOUS: Caller = { kind: "anonymous" };

/** Commands with the same sender keep their order; see R2 in docs/SPEC.md. */
export function senderOf(caller: Caller): string {
  return caller.kind === "user" || caller.kind === "service" ? caller.user.id : caller.kind;
}
