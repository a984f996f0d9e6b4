import { z } from "zod";
import { User } from "protocol/users.ts";

/** On whose behalf a command runs; set at the border from a verified token, never by the client itself. */
export const Caller = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("anonymous") }),
  z.object({ kind: z.literal("user"), user: User, guest: z.boolean() }),
  z.object({ kind: z.literal("operator"), name: z.string() }),
  z.object({ kind: z.literal("system") }),
]);
export type Caller = z.infer<typeof Caller>;

export const SYSTEM: Caller = { kind: "system" };
export const ANONYMOUS: Caller = { kind: "anonymous" };

/** Commands with the same sender keep their order; see R2 in docs/SPEC.md. */
export function senderOf(caller: Caller): string {
  return caller.kind === "user" ? caller.user.id : caller.kind;
}
