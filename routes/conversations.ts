import { createRoute, z } from "@hono/zod-openapi";
import { conversationActor } from "actors/conversation/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import {
  Conversation,
  Draft,
  GroupSummary,
  GroupTitle,
  History,
  HISTORY_MAX,
  saysSomething,
  Sent,
} from "protocol/chat.ts";
import { FOUND_MAX } from "protocol/chat_methods.ts";
import { ClientId, Ulid } from "protocol/ids.ts";
import type { Storage } from "storage/storage.ts";
import { rangeOf } from "./gateway/chat/chat_calls.ts";
import { searchGroups } from "./group_search.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { memberOf } from "./members.ts";
import { askForLess } from "./page_fit.ts";

const tags = ["chat"];
const security = [{ token: [] }];
const params = z.object({ conversation: Ulid });
const LISTED_MAX = 100;
const number = z.coerce.number().int();

const SendHere = z.strictObject({ id: ClientId.optional(), ...Draft.shape }).refine(
  saysSomething,
  "must have a text or attachments",
);

const list = createRoute({
  method: "get",
  path: "/v1/conversations",
  summary: "List one's conversations, in the order of their ids",
  tags,
  security,
  request: {
    query: z.object({ after: Ulid.optional(), limit: number.min(1).max(LISTED_MAX).default(50) }),
  },
  responses: {
    200: json(
      z.object({ conversations: z.array(Conversation), next: Ulid.optional() }),
      "A page; pass `next` as `after` to go on",
    ),
    default: failure,
  },
});

const send = createRoute({
  method: "post",
  path: "/v1/conversations/{conversation}/messages",
  summary:
    "Send a message; acknowledged with its place when it is durable. The same id again is the same message",
  tags,
  security,
  request: { params, body: { content: { "application/json": { schema: SendHere } }, required: true } },
  responses: { 201: json(Sent, "Where it stands"), default: failure },
});

const history = createRoute({
  method: "get",
  path: "/v1/conversations/{conversation}/messages",
  summary: "Read messages before or after a place; without one, the newest",
  tags,
  security,
  request: {
    params,
    query: z.object({
      before: number.positive().optional(),
      after: number.nonnegative().optional(),
      limit: number.min(1).max(HISTORY_MAX).default(50),
    }).refine(({ before, after }) => before === undefined || after === undefined, {
      error: "must not be given together with after",
      path: ["before"],
    }),
  },
  responses: { 200: json(History, "Messages in the order of their places"), default: failure },
});

const groups = createRoute({
  method: "get",
  path: "/v1/groups",
  summary: "Find groups by number, or by the beginning of the title",
  tags,
  security,
  request: {
    query: z.object({
      number: z.string().regex(/^\d{1,20}$/, "must be digits").optional(),
      title: GroupTitle.optional(),
      limit: number.min(1).max(FOUND_MAX).default(20),
    }).refine(({ number, title }) => (number === undefined) !== (title === undefined), {
      error: "must be given, or title, and not both",
      path: ["number"],
    }),
  },
  responses: { 200: json(z.object({ groups: z.array(GroupSummary) }), "Those found"), default: failure },
});

export interface ConversationParts {
  readonly node: ActorNode;
  readonly authenticator: Pick<Authenticator, "identify">;
  readonly storage: Pick<Storage, "memberships" | "conversations">;
}

export function conversationRoutes({ node, authenticator, storage }: ConversationParts) {
  const { memberships, conversations } = storage;
  return createHttpApp()
    .openapi(list, async (c) => {
      const { caller } = await memberOf(authenticator, c.req.raw);
      const { after, limit } = c.req.valid("query");
      const page = await memberships.ofUser(caller.user.id, {
        limit: limit + 1,
        ...(after === undefined ? {} : { after }),
      });
      const shown = page.slice(0, limit);
      const next = page.length > limit ? shown.at(-1)?.conversation : undefined;
      const views = await Promise.all(
        shown.filter(({ state }) => state === "member").map(({ conversation }) =>
          node.ref(conversationActor, conversation, caller).open({})
        ),
      );
      c.header("cache-control", "no-store");
      return c.json({ conversations: views, ...(next === undefined ? {} : { next }) }, 200);
    })
    .openapi(send, async (c) => {
      const { caller } = await memberOf(authenticator, c.req.raw);
      const { conversation } = c.req.valid("param");
      const { id = node.ports.ids.next(), ...said } = c.req.valid("json");
      return c.json(await node.ref(conversationActor, conversation, caller).send({ id, ...said }), 201);
    })
    .openapi(history, async (c) => {
      const { caller } = await memberOf(authenticator, c.req.raw);
      const { conversation } = c.req.valid("param");
      const { before, after, limit } = c.req.valid("query");
      const newest = before === undefined && after === undefined;
      const place = { before: newest ? Number.MAX_SAFE_INTEGER : before, after };
      const ref = node.ref(conversationActor, conversation, caller);
      c.header("cache-control", "no-store");
      return c.json(await askForLess(limit, (limit) => ref.history(rangeOf({ ...place, limit }))), 200);
    })
    .openapi(groups, async (c) => {
      await memberOf(authenticator, c.req.raw);
      return c.json({ groups: await searchGroups(conversations, c.req.valid("query")) }, 200);
    });
}
