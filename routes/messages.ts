import { createRoute, z } from "@hono/zod-openapi";
import { Ulid } from "protocol/ids.ts";
import { MessagePage, Say } from "protocol/rooms.ts";
import { HISTORY_PAGE_MAX, roomActor } from "actors/room/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

const tags = ["messages"];
const params = z.object({ room: Ulid });
const DEFAULT_PAGE = 100;

const say = createRoute({
  method: "post",
  path: "/v1/rooms/{room}/messages",
  summary: "Send a danmaku; acknowledged when it is durable",
  tags,
  security: [{ token: [] }],
  request: { params, body: { content: { "application/json": { schema: Say } }, required: true } },
  responses: {
    202: json(z.object({ accepted: z.literal(true) }), "Stored, and on its way"),
    default: failure,
  },
});

const history = createRoute({
  method: "get",
  path: "/v1/rooms/{room}/messages",
  summary: "Read what was said, by offset",
  tags,
  request: {
    params,
    query: z.object({
      after: z.coerce.number().int().nonnegative().default(0),
      limit: z.coerce.number().int().min(1).max(HISTORY_PAGE_MAX).default(DEFAULT_PAGE),
    }),
  },
  responses: { 200: json(MessagePage, "Items after the offset, ascending"), default: failure },
});

export interface MessageParts {
  readonly node: ActorNode;
  readonly authenticator: Authenticator;
}

export function messageRoutes({ node, authenticator }: MessageParts) {
  return createHttpApp()
    .openapi(say, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      const { room } = c.req.valid("param");
      const { id = node.ports.ids.next(), ...said } = c.req.valid("json");
      // Between nodes a command may be sent again; with an id it is said once.
      return c.json(await node.ref(roomActor, room, caller).say({ id, ...said }), 202);
    })
    .openapi(history, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      const { room } = c.req.valid("param");
      return c.json(await node.ref(roomActor, room, caller).messages(c.req.valid("query")), 200);
    });
}
