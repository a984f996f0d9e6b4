import { createRoute, z } from "@hono/zod-openapi";
import { ApiKey, ApiKeys, CreateApiKey, NewApiKey, type Scope, SCOPES } from "protocol/api_keys.ts";
import type { AuditEvent } from "protocol/audit.ts";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import type { Bus } from "actors/bus/bus.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { ApiKeyRecord, ApiKeyStore, AuditStore } from "storage/account_storage.ts";
import type { ApiKeyChecker } from "./api_key_checker.ts";
import { makeKeyText, readKeyText } from "./api_key_text.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { admitOperator, confirmOperator } from "./operators.ts";
import type { Ended } from "./revocations.ts";
import type { SignedIn } from "./verifier.ts";

const tags = ["api keys"];
const security = [{ token: [] }];
const DAY_MS = 86_400_000;
const DEFAULT_PAGE = 100;

const create = createRoute({
  method: "post",
  path: "/v1/api-keys",
  summary: "Make an API key for a program; its text is in this answer and nowhere else",
  tags,
  security,
  request: { body: { content: { "application/json": { schema: CreateApiKey } }, required: true } },
  responses: { 201: json(NewApiKey, "The key"), default: failure },
});

const list = createRoute({
  method: "get",
  path: "/v1/api-keys",
  summary: "List API keys, the newest first",
  tags,
  security,
  request: {
    query: z.object({
      before: Ulid.optional(),
      limit: z.coerce.number().int().min(1).max(500).default(DEFAULT_PAGE),
    }),
  },
  responses: { 200: json(ApiKeys, "A page of keys, revoked ones too"), default: failure },
});

const revoke = createRoute({
  method: "delete",
  path: "/v1/api-keys/{key}",
  summary: "Revoke an API key, on all nodes at once",
  tags,
  security,
  request: { params: z.object({ key: Ulid }) },
  responses: { 204: { description: "Revoked" }, default: failure },
});

export interface ApiKeyParts {
  readonly node: ActorNode;
  readonly authenticator: Pick<Authenticator, "callerOf">;
  readonly keys: ApiKeyStore;
  readonly checker: Pick<ApiKeyChecker, "forget">;
  readonly audit: Pick<AuditStore, "append">;
  readonly bus: Pick<Bus, "publish">;
}

export function apiKeyRoutes(parts: ApiKeyParts) {
  const { node, authenticator, keys } = parts;
  const { ids, clock } = node.ports;
  return createHttpApp()
    .openapi(create, async (c) => {
      const by = admitOperator(await authenticator.callerOf(c.req.raw), "keys");
      const { name, scopes, days } = c.req.valid("json");
      requireScopes(by, scopes);
      await confirmOperator(node, by);
      const id = ids.next();
      const now = clock.now();
      const key = makeKeyText(id);
      const { hash } = readKeyText(key)!;
      const record: ApiKeyRecord = {
        ...{ id, name, scopes, hash, createdBy: by.user.id },
        ...{ createdAt: now, expiresAt: now + days * DAY_MS },
      };
      await note(parts, "key.created", id, by, c.env.address);
      await keys.create(record);
      c.header("cache-control", "no-store");
      return c.json({ ...viewOf(record), key }, 201);
    })
    .openapi(list, async (c) => {
      admitOperator(await authenticator.callerOf(c.req.raw), "keys");
      const { before, limit } = c.req.valid("query");
      const records = await keys.list({ limit: limit + 1, ...(before === undefined ? {} : { before }) });
      const page = records.slice(0, limit).map(viewOf);
      const next = records.length > limit ? page.at(-1)?.id : undefined;
      return c.json({ keys: page, ...(next === undefined ? {} : { next }) }, 200);
    })
    .openapi(revoke, async (c) => {
      const by = admitOperator(await authenticator.callerOf(c.req.raw), "keys");
      const { key: id } = c.req.valid("param");
      const record = await keys.read(id);
      if (record === undefined) throw new BarrageError("not_found", `No API key ${id}`);
      if (record.revokedAt === undefined) {
        await note(parts, "key.revoked", id, by, c.env.address);
        await keys.revoke(id, clock.now());
      }
      parts.checker.forget(id);
      // Told again to nodes that may have missed it.
      const ended: Ended = { sessions: [{ id, until: record.expiresAt }] };
      parts.bus.publish(`barrage.v1.evt.key.${id}.ended`, new TextEncoder().encode(JSON.stringify(ended)));
      return c.body(null, 204);
    });
}

/** @throws {BarrageError} `forbidden` for a scope that the caller's own key does not have. */
function requireScopes(by: SignedIn, scopes: readonly Scope[]): void {
  const own = by.kind === "service" ? by.scopes : SCOPES;
  const foreign = scopes.find((scope) => !own.includes(scope));
  if (foreign === undefined) return;
  throw new BarrageError("forbidden", `Cannot give the scope ${foreign}: your own key does not have it`, {
    path: "body.scopes",
  });
}

/** Before it happens: whatever happened is in the log. */
async function note(
  { audit, node }: ApiKeyParts,
  event: AuditEvent,
  subject: string,
  by: SignedIn,
  address: string,
): Promise<void> {
  const { ids, clock } = node.ports;
  await audit.append([{ id: ids.next(), at: clock.now(), event, subject, actor: by.user.id, address }]);
}

function viewOf({ id, name, scopes, createdAt, expiresAt, revokedAt }: ApiKeyRecord): ApiKey {
  return {
    ...{ id, name, scopes: [...scopes], createdAt, expiresAt },
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}
