import { createRoute, z } from "@hono/zod-openapi";
import { AiUsageSums } from "protocol/ai_keys.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { CredentialStore, UsageStore } from "storage/ai_storage.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { admitOperator } from "./operators.ts";

const DAY_MS = 86_400_000;
const time = z.coerce.number().int().min(0).max(8_640_000_000_000_000);

const sums = createRoute({
  method: "get",
  path: "/v1/ai/usage",
  summary: "What answers have cost, by key, feature and model",
  tags: ["ai keys"],
  security: [{ token: [] }],
  request: {
    query: z.object({
      from: time.optional().openapi({ description: "Milliseconds since 1970; a day before `to`" }),
      to: time.optional().openapi({ description: "Milliseconds since 1970, not included; now" }),
    }),
  },
  responses: { 200: json(AiUsageSums, "Sums over all attempts that ended in that time"), default: failure },
});

export interface AiUsageParts {
  readonly authenticator: Pick<Authenticator, "callerOf">;
  readonly usage: Pick<UsageStore, "totals">;
  readonly credentials: Pick<CredentialStore, "list">;
  readonly clock: Pick<Clock, "now">;
}

export function aiUsageRoutes({ authenticator, usage, credentials, clock }: AiUsageParts) {
  return createHttpApp().openapi(sums, async (c) => {
    admitOperator(await authenticator.callerOf(c.req.raw), "ai_keys");
    const query = c.req.valid("query");
    const to = query.to ?? clock.now() + 1;
    const from = query.from ?? Math.max(0, to - DAY_MS);
    if (from > to) {
      throw new BarrageError("invalid_params", "Cannot sum up: `from` is after `to`", { path: "query.from" });
    }
    const labels = new Map((await credentials.list()).map(({ id, label }) => [id, label]));
    const found = (await usage.totals({ from, to })).map(({ credential: key, ...sum }) => {
      const label = labels.get(key);
      return { key, ...(label !== undefined && { label }), ...sum };
    });
    const total = (name: "attempts" | "promptTokens" | "completionTokens") =>
      found.reduce((sum, one) => sum + one[name], 0);
    const totals = {
      attempts: total("attempts"),
      promptTokens: total("promptTokens"),
      completionTokens: total("completionTokens"),
    };
    return c.json({ from, to, usage: found, ...totals }, 200);
  });
}
