import { z } from "zod";
import { Ulid } from "./ids.ts";
import { DisplayName } from "./users.ts";

/** What a program may do with its key. */
export const Scope = z.enum([
  "rooms",
  "messages",
  "accounts",
  "keys",
  "audit",
  "chat",
  "ai",
  "ai_keys",
  "switches",
]).meta(
  {
    description:
      "rooms: open, change, moderate and end rooms; messages: say things in rooms; accounts: roles, sessions and " +
      "removal of accounts; keys: create and revoke API keys; audit: read the audit log; chat: settle " +
      "reports of messages, and seal messages anew; ai: ask AI models; ai_keys: keep the keys of AI providers, and read what they cost; " +
      "switches: turn off what is too much",
  },
);
export type Scope = z.infer<typeof Scope>;

export const SCOPES = Scope.options;

export const CreateApiKey = z.strictObject({
  name: DisplayName,
  scopes: z.array(Scope).min(1).max(SCOPES.length).transform((scopes) => [...new Set(scopes)]),
  /** Days until it ends. @default {365} */
  days: z.int().min(1).max(3_650).default(365),
});

export const ApiKey = z.object({
  id: Ulid,
  name: z.string(),
  scopes: z.array(Scope),
  createdAt: z.int(),
  expiresAt: z.int(),
  revokedAt: z.int().optional(),
});
export type ApiKey = z.infer<typeof ApiKey>;

/** The secret is in this answer and nowhere else. */
export const NewApiKey = ApiKey.extend({ key: z.string() });
/** Pass `next` as `before` to go on. */
export const ApiKeys = z.object({ keys: z.array(ApiKey), next: Ulid.optional() });
