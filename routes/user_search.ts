import { createRoute, z } from "@hono/zod-openapi";
import { accountActor } from "actors/account/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { Login, Profile } from "protocol/accounts.ts";
import { Ulid } from "protocol/ids.ts";
import type { AccountStore } from "storage/account_storage.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import type { CardDesk } from "./card_desk.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";
import { memberOf } from "./members.ts";
import { viewOf } from "./user_cards.ts";

/** Per address: people type one after the other, those who collect logins do not. */
export const USER_SEARCHES_PER_MINUTE = 60;

const CARDS_MAX = 100;
const TOO_MANY = `must be 1-${CARDS_MAX} ids with commas between`;
const Ids = z.string().max(CARDS_MAX * 27, TOO_MANY).transform((list) => [...new Set(list.split(","))])
  .pipe(z.array(Ulid).min(1).max(CARDS_MAX, TOO_MANY));
const Query = z.object({ login: Login.optional(), ids: Ids.optional() }).refine(
  ({ login, ids }) => (login === undefined) !== (ids === undefined),
  { path: ["login"], message: "must be given, or ids instead" },
);

const search = createRoute({
  method: "get",
  path: "/v1/users",
  summary: "Find somebody by login, to write to, or show those with these ids",
  tags: ["accounts"],
  security: [{ token: [] }],
  description:
    "By `login` for those who have an account; by `ids`, up to 100 with commas between, for everybody.",
  request: { query: Query },
  responses: { 200: json(z.object({ users: z.array(Profile) }), "Those that there are"), default: failure },
});

export interface UserSearchParts {
  readonly node: ActorNode;
  readonly accounts: Pick<AccountStore, "credentials" | "read">;
  readonly authenticator: Pick<Authenticator, "identify" | "callerOf">;
  readonly cards: CardDesk;
  readonly limiter: AddressLimiter;
}

export function userSearchRoutes({ node, accounts, authenticator, cards, limiter }: UserSearchParts) {
  return createHttpApp().openapi(search, async (c) => {
    const { login, ids } = c.req.valid("query");
    if (login === undefined) {
      const caller = await authenticator.callerOf(c.req.raw);
      const shown = await Promise.all((ids ?? []).map((id) => cards.user(id, caller)));
      const users = shown.flatMap((each) => each?.card.state === "active" ? [viewOf(each, caller)] : []);
      c.header("cache-control", "no-store");
      return c.json({ users }, 200);
    }
    const { caller } = await memberOf(authenticator, c.req.raw);
    await limiter.take(c.env.address);
    const found = await accounts.credentials(login);
    const account = found && await accounts.read(found.id);
    // It differs with who asks.
    c.header("cache-control", "no-store");
    if (account?.state !== "active") return c.json({ users: [] }, 200);
    return c.json({ users: [await node.ref(accountActor, account.id, caller).profile({})] }, 200);
  });
}
