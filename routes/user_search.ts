import { createRoute, z } from "@hono/zod-openapi";
import { accountActor } from "actors/account/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { Login, Profile } from "protocol/accounts.ts";
import type { AccountStore } from "storage/account_storage.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { memberOf } from "./members.ts";

/** Per address: people type one after the other, those who collect logins do not. */
export const USER_SEARCHES_PER_MINUTE = 60;

const search = createRoute({
  method: "get",
  path: "/v1/users",
  summary: "Find somebody by login, to write to",
  tags: ["accounts"],
  security: [{ token: [] }],
  request: { query: z.object({ login: Login }) },
  responses: { 200: json(z.object({ users: z.array(Profile) }), "At most one"), default: failure },
});

export interface UserSearchParts {
  readonly node: ActorNode;
  readonly accounts: Pick<AccountStore, "credentials" | "read">;
  readonly authenticator: Pick<Authenticator, "identify">;
  readonly limiter: AddressLimiter;
}

export function userSearchRoutes({ node, accounts, authenticator, limiter }: UserSearchParts) {
  return createHttpApp().openapi(search, async (c) => {
    const { caller } = await memberOf(authenticator, c.req.raw);
    await limiter.take(c.env.address);
    const { login } = c.req.valid("query");
    const found = await accounts.credentials(login);
    const account = found && await accounts.read(found.id);
    // It differs with who asks.
    c.header("cache-control", "no-store");
    if (account?.state !== "active") return c.json({ users: [] }, 200);
    return c.json({ users: [await node.ref(accountActor, account.id, caller).profile({})] }, 200);
  });
}
