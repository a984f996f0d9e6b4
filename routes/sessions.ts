import { createRoute, z } from "@hono/zod-openapi";
import { LoginSessions } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import { accountActor } from "actors/account/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { memberOf } from "./members.ts";
import type { SessionDesk } from "./session_desk.ts";

const tags = ["sessions"];
const security = [{ token: [] }];

const list = createRoute({
  method: "get",
  path: "/v1/sessions",
  summary: "Where one is signed in, the newest first",
  tags,
  security,
  responses: { 200: json(LoginSessions, "The sessions"), default: failure },
});

const endOne = createRoute({
  method: "delete",
  path: "/v1/sessions/{session}",
  summary: "End one session",
  tags,
  security,
  request: { params: z.object({ session: Ulid }) },
  responses: { 204: { description: "Ended" }, default: failure },
});

const endOthers = createRoute({
  method: "delete",
  path: "/v1/sessions",
  summary: "End every session but this one",
  tags,
  security,
  responses: { 200: json(z.object({ ended: z.int() }), "How many ended"), default: failure },
});

export interface SessionParts {
  readonly node: ActorNode;
  readonly authenticator: Pick<Authenticator, "identify">;
  readonly desk: Pick<SessionDesk, "forget">;
}

export function sessionRoutes({ node, authenticator, desk }: SessionParts) {
  return createHttpApp()
    .openapi(list, async (c) => {
      const { caller } = await memberOf(authenticator, c.req.raw);
      c.header("cache-control", "no-store");
      return c.json(await node.ref(accountActor, caller.user.id, caller).sessions({}), 200);
    })
    .openapi(endOne, async (c) => {
      const { caller } = await memberOf(authenticator, c.req.raw);
      const { session } = c.req.valid("param");
      const account = node.ref(accountActor, caller.user.id, caller);
      const { ended } = await account.signOut({ which: "one", session });
      if (ended === 0) throw new BarrageError("not_found", "No such session");
      if (session === caller.session) desk.forget(c);
      return c.body(null, 204);
    })
    .openapi(endOthers, async (c) => {
      const { caller } = await memberOf(authenticator, c.req.raw);
      return c.json(await node.ref(accountActor, caller.user.id, caller).signOut({ which: "others" }), 200);
    });
}
