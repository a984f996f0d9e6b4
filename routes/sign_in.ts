import { createRoute } from "@hono/zod-openapi";
import { SessionTokens, SignedIn, SignIn } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import { ANONYMOUS, type Caller } from "actors/runtime/caller.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import { whereabouts } from "./arrivals.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import type { KnownBrowsers } from "./known_browsers.ts";
import type { PasswordCheck } from "./password_check.ts";
import type { SessionDesk } from "./session_desk.ts";

const tags = ["sessions"];

const login = createRoute({
  method: "post",
  path: "/v1/login",
  summary: "Sign in with a login, or a contact, and a password",
  tags,
  request: { body: { content: { "application/json": { schema: SignIn } }, required: true } },
  responses: { 200: json(SignedIn, "A new session"), default: failure },
});

const refresh = createRoute({
  method: "post",
  path: "/v1/refresh",
  summary: "Take the refresh token for its successor and a new access token",
  description:
    "At most once a minute. Whoever lost the answer asks again with the same token within a minute.",
  tags,
  request: { body: { content: { "application/json": { schema: SessionTokens } }, required: false } },
  responses: { 200: json(SignedIn, "The session goes on"), default: failure },
});

const logout = createRoute({
  method: "post",
  path: "/v1/logout",
  summary: "End this session",
  description: "The one of the access token, or else the one whose refresh token is shown.",
  tags,
  request: { body: { content: { "application/json": { schema: SessionTokens } }, required: false } },
  responses: { 204: { description: "Signed out" }, default: failure },
});

export interface SignInParts {
  readonly desk: SessionDesk;
  readonly check: PasswordCheck;
  readonly known: Pick<KnownBrowsers, "recall">;
  readonly authenticator: Pick<Authenticator, "identify">;
  readonly logins: AddressLimiter;
  readonly refreshes: AddressLimiter;
}

export function signInRoutes({ desk, check, known, authenticator, logins, refreshes }: SignInParts) {
  const app = createHttpApp();
  // A browser would go on showing what is good for nothing any more.
  app.use("/v1/refresh", async (c, next) => {
    await next();
    if (c.res.status === 401) desk.forget(c);
  });
  return app
    .openapi(login, async (c) => {
      const { login, password, transport } = c.req.valid("json");
      desk.admit(c.req.raw, transport);
      const where = whereabouts(c.req.raw, c.env.address);
      await logins.take(where.address);
      const browser = await known.recall(c.req.raw);
      const { account, hash, rehashed } = await check.signIn(login, password, where, browser);
      return c.json(
        await desk.begin(c, account, { proof: { by: "password", hash }, rehashed }, transport),
        200,
      );
    })
    .openapi(refresh, async (c) => {
      await refreshes.take(c.env.address);
      return c.json(await desk.refresh(c, c.req.valid("json") ?? {}), 200);
    })
    .openapi(logout, async (c) => {
      await refreshes.take(c.env.address);
      const tokens = c.req.valid("json") ?? {};
      const byCookie = !c.req.raw.headers.has("authorization") && tokens.refreshToken === undefined;
      desk.admit(c.req.raw, byCookie ? "cookie" : "body");
      await desk.end(c, await callerOf(c.req.raw), tokens);
      if (byCookie) desk.forget(c);
      return c.body(null, 204);
    });

  /** A token that has run out signs nobody in, but keeps nobody from signing out. */
  async function callerOf(request: Request): Promise<Caller> {
    try {
      return (await authenticator.identify(request))?.caller ?? ANONYMOUS;
    } catch (error) {
      if (error instanceof BarrageError && error.reason === "unauthenticated") return ANONYMOUS;
      throw error;
    }
  }
}
