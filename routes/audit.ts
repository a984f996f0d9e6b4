import { createRoute, z } from "@hono/zod-openapi";
import { AuditPage } from "protocol/audit.ts";
import { Ulid } from "protocol/ids.ts";
import type { AuditStore } from "storage/account_storage.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { memberOf } from "./members.ts";
import { admitOperator } from "./operators.ts";

const security = [{ token: [] }];
const page = {
  before: Ulid.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
};

const all = createRoute({
  method: "get",
  path: "/v1/audit",
  summary: "Read the audit log, the newest first",
  tags: ["operators"],
  security,
  request: {
    query: z.object({
      /** Only what concerns this account, API key or hash of a login. */
      subject: z.string().regex(/^[\w-]{1,64}$/, "must be 1-64 letters, digits, - or _").optional(),
      ...page,
    }),
  },
  responses: { 200: json(AuditPage, "A page of the log"), default: failure },
});

const own = createRoute({
  method: "get",
  path: "/v1/account/events",
  summary: "Read what the audit log says of one's own account, the newest first",
  tags: ["accounts"],
  security,
  request: { query: z.object(page) },
  responses: { 200: json(AuditPage, "A page of the log"), default: failure },
});

export interface AuditParts {
  readonly authenticator: Pick<Authenticator, "identify" | "callerOf">;
  readonly audit: Pick<AuditStore, "list">;
}

export function auditRoutes({ authenticator, audit }: AuditParts) {
  return createHttpApp()
    .openapi(all, async (c) => {
      admitOperator(await authenticator.callerOf(c.req.raw), "audit");
      const { subject, before, limit } = c.req.valid("query");
      c.header("cache-control", "no-store");
      return c.json(await read(subject, before, limit), 200);
    })
    .openapi(own, async (c) => {
      const { caller } = await memberOf(authenticator, c.req.raw);
      const { before, limit } = c.req.valid("query");
      c.header("cache-control", "no-store");
      return c.json(await read(caller.user.id, before, limit), 200);
    });

  async function read(
    subject: string | undefined,
    before: string | undefined,
    limit: number,
  ): Promise<AuditPage> {
    const lines = await audit.list({
      limit: limit + 1,
      ...(subject === undefined ? {} : { subject }),
      ...(before === undefined ? {} : { before }),
    });
    const events = lines.slice(0, limit).map(({ detail, ...line }) => ({
      ...line,
      ...(detail === undefined ? {} : { detail: { ...detail } }),
    }));
    const next = lines.length > limit ? events.at(-1)?.id : undefined;
    return { events, ...(next === undefined ? {} : { next }) };
  }
}
