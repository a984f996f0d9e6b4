import { createRoute, z } from "@hono/zod-openapi";
import {
  AiKey,
  AiKeys,
  AiKeysResealed,
  AiKeyTested,
  AiProviders,
  ChangeAiKey,
  CreateAiKey,
  ResealAiKeys,
  RotateAiKey,
  TestAiKey,
} from "protocol/ai_keys.ts";
import { Ulid } from "protocol/ids.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { CredentialRecord, CredentialStore } from "storage/ai_storage.ts";
import type { AiKeyDesk, Hand, ProviderFacts } from "./ai_key_desk.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { admitOperator, confirmOperator } from "./operators.ts";

const common = { tags: ["ai keys"], security: [{ token: [] }] };
const params = z.object({ aiKey: Ulid });
const body = <S extends z.ZodType>(schema: S) => ({
  content: { "application/json": { schema } },
  required: true as const,
});

const create = createRoute({
  ...common,
  method: "post",
  path: "/v1/ai/keys",
  summary: "Keep a key of an AI provider; its secret goes in and never comes out",
  request: { body: body(CreateAiKey) },
  responses: { 201: json(AiKey, "The key, without its secret"), default: failure },
});

const list = createRoute({
  ...common,
  method: "get",
  path: "/v1/ai/keys",
  summary: "List the keys of AI providers",
  responses: { 200: json(AiKeys, "All of them, those that are built in first"), default: failure },
});

const show = createRoute({
  ...common,
  method: "get",
  path: "/v1/ai/keys/{aiKey}",
  summary: "Show a key of an AI provider",
  request: { params },
  responses: { 200: json(AiKey, "The key, without its secret"), default: failure },
});

const change = createRoute({
  ...common,
  method: "patch",
  path: "/v1/ai/keys/{aiKey}",
  summary: "Rename a key, enable or disable it, change what it is used for",
  request: { params, body: body(ChangeAiKey) },
  responses: { 200: json(AiKey, "The key as it is now"), default: failure },
});

const rotate = createRoute({
  ...common,
  method: "post",
  path: "/v1/ai/keys/{aiKey}/rotate",
  summary: "Replace a key's secret, and where it is sent; calls under way go on with the old one",
  request: { params, body: body(RotateAiKey) },
  responses: { 200: json(AiKey, "The key, without its secret"), default: failure },
});

const test = createRoute({
  ...common,
  method: "post",
  path: "/v1/ai/keys/{aiKey}/test",
  summary: "Try a key with one cheap call, when a slot is free",
  request: { params, body: body(TestAiKey) },
  responses: { 200: json(AiKeyTested, "Whether it works"), default: failure },
});

const remove = createRoute({
  ...common,
  method: "delete",
  path: "/v1/ai/keys/{aiKey}",
  summary: "Remove a key; calls under way end first",
  request: { params },
  responses: { 204: { description: "Removed" }, default: failure },
});

const reseal = createRoute({
  ...common,
  method: "post",
  path: "/v1/ai/keys/reseal",
  summary: "Seal a page of keys anew, where they are not sealed with the newest master key",
  request: { body: body(ResealAiKeys) },
  responses: {
    200: json(AiKeysResealed, "How far it is; call again with `next` as `after`"),
    default: failure,
  },
});

const providers = createRoute({
  ...common,
  method: "get",
  path: "/v1/ai/providers",
  summary: "List the providers whose keys can be kept",
  responses: { 200: json(AiProviders, "What each can do, and what its secret is made of"), default: failure },
});

export interface AiKeyParts {
  readonly node: Pick<ActorNode, "ref">;
  readonly authenticator: Pick<Authenticator, "callerOf">;
  readonly credentials: Pick<CredentialStore, "list">;
  readonly desk: AiKeyDesk;
  readonly providers: { list(): readonly ProviderFacts[] };
}

export function aiKeyRoutes({ node, authenticator, credentials, desk, providers: known }: AiKeyParts) {
  async function admit(request: Request) {
    return admitOperator(await authenticator.callerOf(request), "ai_keys");
  }
  /** For what must not be done with a browser that was left alone. */
  async function handOf(request: Request, address: string): Promise<Hand> {
    const by = await admit(request);
    await confirmOperator(node, by);
    return { user: by.user.id, address };
  }
  return createHttpApp()
    .openapi(reseal, async (c) => {
      await admit(c.req.raw);
      const { after = "", limit } = c.req.valid("json");
      return c.json(await desk.reseal(after, limit), 200);
    })
    .openapi(create, async (c) => {
      const hand = await handOf(c.req.raw, c.env.address);
      return c.json(viewOf(await desk.create(c.req.valid("json"), hand)), 201);
    })
    .openapi(list, async (c) => {
      await admit(c.req.raw);
      return c.json({ keys: (await credentials.list()).map(viewOf) }, 200);
    })
    .openapi(show, async (c) => {
      await admit(c.req.raw);
      return c.json(viewOf(await desk.read(c.req.valid("param").aiKey)), 200);
    })
    .openapi(change, async (c) => {
      const hand = await handOf(c.req.raw, c.env.address);
      return c.json(viewOf(await desk.change(c.req.valid("param").aiKey, c.req.valid("json"), hand)), 200);
    })
    .openapi(rotate, async (c) => {
      const hand = await handOf(c.req.raw, c.env.address);
      return c.json(viewOf(await desk.rotate(c.req.valid("param").aiKey, c.req.valid("json"), hand)), 200);
    })
    .openapi(test, async (c) => {
      await admit(c.req.raw);
      return c.json(await desk.test(c.req.valid("param").aiKey, c.req.valid("json")), 200);
    })
    .openapi(remove, async (c) => {
      const hand = await handOf(c.req.raw, c.env.address);
      await desk.remove(c.req.valid("param").aiKey, hand);
      return c.body(null, 204);
    })
    .openapi(providers, async (c) => {
      await admit(c.req.raw);
      const all = known.list().map(({ name, features, secretFields }) => ({
        ...{ name, features: [...features], secretFields: [...secretFields] },
      }));
      return c.json({ providers: all }, 200);
    });
}

/** Field by field, so that what is sealed is never among them. */
function viewOf(record: CredentialRecord): AiKey {
  const { id, provider, label, baseUrl, uses, state, builtIn = false, keyVersion, createdAt, changedAt } =
    record;
  return {
    ...{ id, provider, label, uses: [...uses], state, builtIn, keyVersion, createdAt, changedAt },
    ...(baseUrl !== undefined && { baseUrl }),
  };
}
