import { z } from "zod";
import { Ulid } from "./ids.ts";

export const AUDIT_EVENTS = [
  "account.created",
  "account.removed",
  "account.role_changed",
  "login.succeeded",
  "login.failed",
  "login.throttled",
  "session.ended",
  "session.refused",
  "session.token_reused",
  "session.confirmed",
  "password.changed",
  "password.reset",
  "code.refused",
  "contact.added",
  "contact.removed",
  "identity.linked",
  "identity.unlinked",
  "key.created",
  "key.revoked",
  "message.reported",
  "report.settled",
  "ai_key.created",
  "ai_key.changed",
  "ai_key.rotated",
  "ai_key.removed",
  "switch.set",
  "switch.cleared",
] as const;
export type AuditEvent = typeof AUDIT_EVENTS[number];

/** One line of the audit log. */
export const AuditLine = z.object({
  id: Ulid,
  /** Milliseconds since 1970. */
  at: z.int(),
  event: z.enum(AUDIT_EVENTS),
  subject: z.string().meta({
    description:
      "What it concerns: an account, an API key, a key of an AI provider, a switch, or the hash of a login that nobody has",
  }),
  actor: z.string().meta({ description: "Who did it: a user, a key, a node, anonymous, system" }),
  address: z.string().optional(),
  device: z.string().optional(),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
export type AuditLine = z.infer<typeof AuditLine>;

/** Pass `next` as `before` to go on. */
export const AuditPage = z.object({ events: z.array(AuditLine), next: Ulid.optional() });
export type AuditPage = z.infer<typeof AuditPage>;
