import { createRoute, z } from "@hono/zod-openapi";
import type { AiModel } from "protocol/ai_methods.ts";
import { BarrageError } from "protocol/errors.ts";
import { Problem } from "protocol/problem.ts";
import { createHttpApp, json } from "../http_app.ts";
import type { Authenticator } from "../identify.ts";
import { completeChat } from "./chat_completions.ts";
import { errorResponse } from "./errors.ts";
import { type ImageParts, makeImage } from "./images.ts";
import { ChatRequest, ImageRequest } from "./protocol.ts";
import { Completion, Failure, Model, Models, Picture } from "./replies.ts";

const tags = ["ai"];
const security = [{ token: [] }];
const headers = z.object({
  "idempotency-key": z.string().min(1).max(256).optional().openapi({
    description: "The same key is the same answer until the day ends by UTC, a ULID for good",
  }),
});
const failure = {
  description: "An error of OpenAI's form; a problem where an address has shown too many wrong keys",
  content: {
    "application/json": { schema: Failure },
    "application/problem+json": { schema: Problem },
  },
};

const chat = createRoute({
  method: "post",
  path: "/v1/chat/completions",
  summary: "Ask a model, as with OpenAI's API",
  description: "Without tools and audio, one choice. Fields that are not listed are left alone.",
  ...{ tags, security },
  request: { headers, body: { content: { "application/json": { schema: ChatRequest } }, required: true } },
  responses: {
    200: {
      description: "A completion, or a stream of chunks, the last one `[DONE]`",
      content: { "application/json": { schema: Completion }, "text/event-stream": { schema: z.string() } },
    },
    default: failure,
  },
});

const images = createRoute({
  method: "post",
  path: "/v1/images/generations",
  summary: "Have a picture made, as with OpenAI's API",
  ...{ tags, security },
  request: { headers, body: { content: { "application/json": { schema: ImageRequest } }, required: true } },
  responses: { 200: json(Picture, "The picture"), default: failure },
});

const models = createRoute({
  method: "get",
  path: "/v1/models",
  summary: "The models that can be asked, as with OpenAI's API",
  ...{ tags, security },
  responses: { 200: json(Models, "The models"), default: failure },
});

const model = createRoute({
  method: "get",
  path: "/v1/models/{model}",
  summary: "One of these models",
  ...{ tags, security },
  request: { params: z.object({ model: z.string().max(256) }) },
  responses: { 200: json(Model, "The model"), default: failure },
});

export interface OpenAiParts extends ImageParts {
  readonly authenticator: Authenticator;
}

/** The face of OpenAI's API: its clients work here unchanged, so errors have its form and not ours. */
export function openAiRoutes(parts: OpenAiParts) {
  const { authenticator, catalogue } = parts;
  const app = createHttpApp();
  app.onError((error) => errorResponse(error));
  return app
    .openapi(chat, async (c) => {
      const verified = await authenticator.require(c.req.raw);
      return await completeChat(parts, verified, c.req.valid("json"), c.req.raw) as never;
    })
    .openapi(images, async (c) => {
      const verified = await authenticator.require(c.req.raw);
      return await makeImage(parts, verified, c.req.valid("json"), c.req.raw) as never;
    })
    .openapi(models, async (c) => {
      await authenticator.require(c.req.raw);
      const data = [...names(await catalogue.list())].map(modelOf);
      return c.json({ object: "list" as const, data }, 200);
    })
    .openapi(model, async (c) => {
      await authenticator.require(c.req.raw);
      const { model: name } = c.req.valid("param");
      if (!names(await catalogue.list()).has(name)) throw new BarrageError("not_found", "No such model");
      return c.json(modelOf(name), 200);
    });
}

function names(models: readonly AiModel[]): ReadonlySet<string> {
  return new Set(models.map(({ model }) => model));
}

function modelOf(id: string): z.infer<typeof Model> {
  return { id, object: "model", created: 0, owned_by: "barrage" };
}
