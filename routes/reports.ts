import { createRoute, z } from "@hono/zod-openapi";
import type { ActorNode } from "actors/runtime/node.ts";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import { Report, ReportOutcome, ReportPage } from "protocol/reports.ts";
import type { Storage } from "storage/storage.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { admitOperator } from "./operators.ts";

const tags = ["operators"];
const security = [{ token: [] }];

const list = createRoute({
  method: "get",
  path: "/v1/reports",
  summary: "List messages that members have reported, as they stood then, the newest report first",
  tags,
  security,
  request: {
    query: z.object({
      state: z.enum(["open", "settled"]).optional(),
      before: Ulid.optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
  },
  responses: { 200: json(ReportPage, "A page of reports"), default: failure },
});

const settle = createRoute({
  method: "patch",
  path: "/v1/reports/{report}",
  summary: "Settle a report; what is done about the message is not part of it",
  tags,
  security,
  request: {
    params: z.object({ report: Ulid }),
    body: {
      content: { "application/json": { schema: z.strictObject({ outcome: ReportOutcome }) } },
      required: true,
    },
  },
  responses: { 200: json(Report, "The report"), default: failure },
});

export interface ReportParts {
  readonly node: Pick<ActorNode, "ports">;
  readonly authenticator: Pick<Authenticator, "callerOf">;
  readonly storage: Pick<Storage, "reports" | "audit">;
}

/** What members complain about is for operators alone, and so no business of the conversation. */
export function reportRoutes({ node, authenticator, storage: { reports, audit } }: ReportParts) {
  const { clock, ids } = node.ports;
  return createHttpApp()
    .openapi(list, async (c) => {
      admitOperator(await authenticator.callerOf(c.req.raw), "chat");
      const { state, before, limit } = c.req.valid("query");
      const found = await reports.list({
        limit: limit + 1,
        ...(state === undefined ? {} : { state }),
        ...(before === undefined ? {} : { before }),
      });
      const page = found.slice(0, limit);
      const next = found.length > limit ? page.at(-1)?.id : undefined;
      c.header("cache-control", "no-store");
      return c.json({ reports: page, ...(next === undefined ? {} : { next }) }, 200);
    })
    .openapi(settle, async (c) => {
      const by = admitOperator(await authenticator.callerOf(c.req.raw), "chat");
      const { report: id } = c.req.valid("param");
      const { outcome } = c.req.valid("json");
      const report = await reports.read(id);
      if (report === undefined) throw new BarrageError("not_found", `No report ${id}`);
      const at = clock.now();
      if (report.state === "settled" || !await reports.settle(id, by.user.id, at, outcome)) {
        throw new BarrageError("conflict", `Report ${id} is settled already`);
      }
      await audit.append([{
        ...{ id: ids.next(), at, event: "report.settled", subject: report.reporter.id, actor: by.user.id },
        ...{ address: c.env.address, detail: { report: id, outcome } },
      }]);
      c.header("cache-control", "no-store");
      const settled = { state: "settled", outcome, settledAt: at, settledBy: by.user.id } as const;
      return c.json({ ...report, ...settled }, 200);
    });
}
