import { createRoute, z } from "@hono/zod-openapi";
import { answerActor } from "actors/ai/answer/definition.ts";
import type { Catalogue } from "actors/ai/catalogue.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { AnswerView } from "protocol/ai.ts";
import { AiModel, AskAi, AskedAi } from "protocol/ai_methods.ts";
import { Ulid } from "protocol/ids.ts";
import { AnswerEvents, type Mark } from "./answer_events.ts";
import type { AnswerStreams } from "./answer_streams.ts";
import { EVENT_HEADERS } from "./event_body.ts";
import type { AiHub } from "./gateway/ai/ai_hub.ts";
import { askFor } from "./gateway/ai/asking.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

const tags = ["ai"];
const security = [{ token: [] }];
const params = z.object({ answer: Ulid });
const LAST_EVENT_ID = /^(\d{1,9}):(\d{1,9})(:end)?$/;

const ask = createRoute({
  method: "post",
  path: "/v1/ai/answers",
  summary: "Ask a model; acknowledged when it is durable",
  description: "The answer goes on though nobody reads it. With an `id`, asking again is harmless.",
  ...{ tags, security },
  request: { body: { content: { "application/json": { schema: AskAi } }, required: true } },
  responses: { 202: json(AskedAi, "Where it stands"), default: failure },
});

const read = createRoute({
  method: "get",
  path: "/v1/ai/answers/{answer}",
  summary: "Where an answer stands, with its text from an offset on",
  ...{ tags, security },
  request: { params, query: z.object({ from: z.coerce.number().int().nonnegative().default(0) }) },
  responses: { 200: json(AnswerView, "The answer"), default: failure },
});

const cancel = createRoute({
  method: "delete",
  path: "/v1/ai/answers/{answer}",
  summary: "Want an answer no longer; the last who asked ends it, and what there is of its text stays",
  ...{ tags, security },
  request: { params },
  responses: { 204: { description: "Not wanted any more" }, default: failure },
});

const events = createRoute({
  method: "get",
  path: "/v1/ai/answers/{answer}/events",
  summary: "Read an answer as Server-Sent Events",
  description:
    "First `ai.answer`, then as on the WebSocket, until `ai.done`. The id of an event is `attempt:offset`; " +
    "`Last-Event-ID` resumes, and is answered 204 when everything was read.",
  ...{ tags, security },
  request: {
    params,
    headers: z.object({
      "last-event-id": z.string().regex(LAST_EVENT_ID, "must look like 1:120").optional(),
    }),
  },
  responses: {
    200: { description: "The events", content: { "text/event-stream": { schema: z.string() } } },
    204: { description: "There is nothing more" },
    default: failure,
  },
});

const models = createRoute({
  method: "get",
  path: "/v1/ai/models",
  summary: "What can be asked",
  ...{ tags, security },
  responses: {
    200: json(z.object({ models: z.array(AiModel) }), "By feature, then by name"),
    default: failure,
  },
});

export interface AiAnswerParts {
  readonly node: ActorNode;
  readonly hub: AiHub;
  readonly catalogue: Catalogue;
  readonly streams: AnswerStreams;
  readonly authenticator: Authenticator;
}

export function aiAnswerRoutes({ node, hub, catalogue, streams, authenticator }: AiAnswerParts) {
  return createHttpApp()
    .openapi(ask, async (c) => {
      const { caller } = await authenticator.require(c.req.raw);
      const body = c.req.valid("json");
      const options = { bytes: JSON.stringify(body).length };
      const asked = await askFor({ node, catalogue, caller, options, detached: true }, body);
      c.header("location", `/v1/ai/answers/${asked.answer}`);
      return c.json(asked, 202);
    })
    .openapi(read, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      const { answer } = c.req.valid("param");
      return c.json(await node.ref(answerActor, answer, caller).follow(c.req.valid("query")), 200);
    })
    .openapi(cancel, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      await node.ref(answerActor, c.req.valid("param").answer, caller).cancel({});
      return c.body(null, 204);
    })
    .openapi(events, async (c) => {
      const verified = await authenticator.require(c.req.raw);
      const { answer } = c.req.valid("param");
      const mark = markOf(c.req.valid("header")["last-event-id"]);
      if (c.req.method === "HEAD" || mark?.ended) {
        // Nobody would ever read, or end, a stream opened for it.
        await node.ref(answerActor, answer, verified.caller).follow({ from: mark?.offset ?? 0 });
        return new Response(null, { status: mark?.ended ? 204 : 200 });
      }
      const reading = new AnswerEvents(node.ports.clock, node.drops);
      const stream = await reading.open({ hub, streams, verified, answer, mark });
      return new Response(stream, { headers: EVENT_HEADERS });
    })
    .openapi(models, async (c) => {
      await authenticator.require(c.req.raw);
      return c.json({ models: [...await catalogue.list()] }, 200);
    });
}

function markOf(lastEventId: string | undefined): Mark | undefined {
  const [, attempt, offset, end] = LAST_EVENT_ID.exec(lastEventId ?? "") ?? [];
  if (attempt === undefined) return undefined;
  return { attempt: Number(attempt), offset: Number(offset), ended: end !== undefined };
}
