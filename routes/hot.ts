import { createRoute, z } from "@hono/zod-openapi";
import type { HotPoll } from "actors/lookup/hot_poll.ts";
import { HotCards } from "protocol/hot.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { admitOperator } from "./operators.ts";

const KEY = /:(user|room):([^:]+)$/;

const hot = createRoute({
  method: "get",
  path: "/v1/hot-cards",
  summary: "List the users and rooms that are read most, over all nodes",
  tags: ["operators"],
  security: [{ token: [] }],
  request: { query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(20) }) },
  responses: { 200: json(HotCards, "The hottest first"), default: failure },
});

export interface HotParts {
  readonly authenticator: Pick<Authenticator, "callerOf">;
  readonly hotPoll: Pick<HotPoll, "ask">;
}

export function hotRoutes({ authenticator, hotPoll }: HotParts) {
  return createHttpApp().openapi(hot, async (c) => {
    admitOperator(await authenticator.callerOf(c.req.raw), "audit");
    const { nodes, keys } = await hotPoll.ask(c.req.valid("query").limit);
    c.header("cache-control", "no-store");
    const cards = keys.flatMap(({ key, perSecond, error }) => {
      const [, entity, id] = KEY.exec(key) ?? [];
      return id === undefined
        ? []
        : [{ entity: entity === "user" ? "user" as const : "room" as const, id, perSecond, error }];
    });
    return c.json({ nodes, cards }, 200);
  });
}
