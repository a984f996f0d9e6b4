import { createRoute, z } from "@hono/zod-openapi";
import { getLogger } from "@logtape/logtape";
import type { Context } from "hono";
import { Account } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import { BeginOidc, BegunOidc, ProviderId, Providers } from "protocol/oidc.ts";
import { accountActor } from "actors/account/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { OidcPurpose } from "storage/account_storage.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import { createHttpApp, failure, type HttpEnv, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { memberOf } from "./members.ts";
import type { Flows } from "./oidc/flows.ts";
import type { OidcDesk } from "./oidc/oidc_desk.ts";
import type { OidcProviders } from "./oidc/providers.ts";

const log = getLogger(["barrage", "oidc"]);

const tags = ["other providers"];
const params = z.object({ provider: ProviderId });
const toPage = { description: "To a page; with `error`, a reason, when it did not work" };

const list = createRoute({
  method: "get",
  path: "/v1/oidc",
  summary: "List the OpenID Connect providers to sign in with",
  tags,
  responses: { 200: json(Providers, "The providers"), default: failure },
});

const start = createRoute({
  method: "get",
  path: "/v1/oidc/{provider}/start",
  summary: "Go to a provider",
  description: "For a browser, from a page of this site.",
  tags,
  request: { params, query: BeginOidc },
  responses: { 303: { description: "To the provider, or to a page with `error`" }, default: failure },
});

const begin = createRoute({
  method: "post",
  path: "/v1/oidc/{provider}/start",
  summary: "Ask where a provider is to be found",
  description: "For a page whose guest has a token and no cookie: the guest becomes the account.",
  tags,
  request: { params, body: { content: { "application/json": { schema: BeginOidc } }, required: true } },
  responses: { 200: json(BegunOidc, "Where the browser has to go"), default: failure },
});

const callback = createRoute({
  method: "get",
  path: "/v1/oidc/{provider}/callback",
  summary: "Come back from a provider",
  tags,
  request: { params },
  responses: { 303: toPage, default: failure },
});

const unlink = createRoute({
  method: "delete",
  path: "/v1/account/identities/{provider}",
  summary: "No longer sign in with a provider",
  tags,
  security: [{ token: [] }],
  request: { params },
  responses: { 200: json(Account, "The account"), default: failure },
});

export interface OidcParts {
  readonly node: ActorNode;
  readonly authenticator: Pick<Authenticator, "identify">;
  readonly providers: OidcProviders;
  readonly flows: Flows;
  readonly desk: OidcDesk;
  readonly starts: AddressLimiter;
  readonly returns: AddressLimiter;
}

export function oidcRoutes({ node, authenticator, providers, flows, desk, starts, returns }: OidcParts) {
  return createHttpApp()
    .openapi(list, (c) => c.json({ providers: providers.list }, 200))
    .openapi(start, async (c) => {
      const asked = c.req.valid("query");
      try {
        return leave(c, await go(c, c.req.valid("param").provider, asked));
      } catch (error) {
        return leave(c, failed(error, asked.purpose, asked.returnTo));
      }
    })
    .openapi(begin, async (c) => {
      const url = await go(c, c.req.valid("param").provider, c.req.valid("json"));
      c.header("cache-control", "no-store");
      return c.json({ url: url.href }, 200);
    })
    .openapi(callback, async (c) => leave(c, await comeBack(c, c.req.valid("param").provider)))
    .openapi(unlink, async (c) => {
      const { caller } = await memberOf(authenticator, c.req.raw);
      const { provider } = c.req.valid("param");
      return c.json(await node.ref(accountActor, caller.user.id, caller).unlink({ provider }), 200);
    });

  async function go(c: Context<HttpEnv>, provider: string, asked: BeginOidc): Promise<URL> {
    await starts.take(c.env.address);
    return await desk.begin(c, provider, asked);
  }

  /** The path to go on at. Whatever fails, a person is looking at it: no problem documents here. */
  async function comeBack(c: Context<HttpEnv>, provider: string): Promise<string> {
    let back: Pick<Awaited<ReturnType<Flows["take"]>>["flow"], "purpose" | "returnTo"> | undefined;
    try {
      await returns.take(c.env.address);
      const taken = await flows.take(c.req.raw, provider, c.req.query("state") ?? "");
      back = taken.flow;
      await desk.finish(c, taken);
      return back.returnTo;
    } catch (error) {
      return failed(error, back?.purpose.kind ?? "sign_in", back?.returnTo ?? "/");
    }
  }

  function failed(error: unknown, purpose: OidcPurpose["kind"], returnTo: string): string {
    const { reason } = BarrageError.from(error);
    if (reason === "internal") log.error("Request failed: {error}", { error });
    node.drops.count("oidc", reason);
    return pathWith(reason, purpose, returnTo);
  }
}

/** Whoever could not sign in may try again; whoever is signed in sees it where he came from. */
function pathWith(error: string, purpose: OidcPurpose["kind"], returnTo: string): string {
  if (purpose === "sign_in") return `/login?${new URLSearchParams({ error, returnTo })}`;
  const { pathname, searchParams, hash } = new URL(returnTo, "http://origin.invalid");
  searchParams.set("error", error);
  return `${pathname}?${searchParams}${hash}`;
}

/** The address that is left holds the provider's code: it goes into no cache and to nobody as a referrer. */
function leave(c: Context<HttpEnv>, to: URL | string): Response {
  c.header("cache-control", "no-store");
  c.header("referrer-policy", "no-referrer");
  return c.redirect(String(to), 303);
}
