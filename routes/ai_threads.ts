import { createRoute, z } from "@hono/zod-openapi";
import { AI_METHODS } from "protocol/ai_methods.ts";
import { Ulid } from "protocol/ids.ts";
import type { ThreadDesk } from "./gateway/ai/thread_desk.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

const tags = ["ai"];
const security = [{ token: [] }];
const params = z.object({ thread: Ulid });
const limit = z.coerce.number().int().min(1).max(100).default(50);

const list = createRoute({
  method: "get",
  path: "/v1/ai/threads",
  summary: AI_METHODS["ai.threads"].summary,
  ...{ tags, security },
  request: { query: z.object({ before: Ulid.optional(), limit }) },
  responses: {
    200: json(AI_METHODS["ai.threads"].result, "A page; pass `next` as `before` to go on"),
    default: failure,
  },
});

const read = createRoute({
  method: "get",
  path: "/v1/ai/threads/{thread}",
  summary: AI_METHODS["ai.thread"].summary,
  ...{ tags, security },
  request: {
    params,
    query: z.object({ before: z.coerce.number().int().positive().optional(), limit }),
  },
  responses: {
    200: json(AI_METHODS["ai.thread"].result, "The last turns; pass `next` as `before` for earlier ones"),
    default: failure,
  },
});

const forget = createRoute({
  method: "delete",
  path: "/v1/ai/threads/{thread}",
  summary: AI_METHODS["ai.forget"].summary,
  ...{ tags, security },
  request: { params },
  responses: { 204: { description: "Gone" }, default: failure },
});

export interface AiThreadParts {
  readonly threads: ThreadDesk;
  readonly authenticator: Authenticator;
}

export function aiThreadRoutes({ threads, authenticator }: AiThreadParts) {
  return createHttpApp()
    .openapi(list, async (c) => {
      const { caller } = await authenticator.require(c.req.raw);
      return c.json(await threads.list(caller, c.req.valid("query")), 200);
    })
    .openapi(read, async (c) => {
      const { caller } = await authenticator.require(c.req.raw);
      return c.json(await threads.history(caller, { ...c.req.valid("param"), ...c.req.valid("query") }), 200);
    })
    .openapi(forget, async (c) => {
      const { caller } = await authenticator.require(c.req.raw);
      await threads.forget(caller, c.req.valid("param").thread);
      return c.body(null, 204);
    });
}
