import { createRoute, z } from "@hono/zod-openapi";
import { roleOf } from "actors/account/permissions.ts";
import { cardView } from "actors/account/views.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { Profile } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import type { CardDesk, Shown } from "./card_desk.ts";
import { cardHeaders, seenVersion } from "./card_headers.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

const tags = ["accounts"];

const one = createRoute({
  method: "get",
  path: "/v1/users/{user}",
  summary: "Show what somebody lets others see",
  description: "Others may be shown a card that is some seconds old; whoever may change it is not.",
  tags,
  request: { params: z.object({ user: Ulid }) },
  responses: {
    200: json(Profile, "The profile"),
    304: { description: "The asker has it already" },
    default: failure,
  },
});

export interface UserCardParts {
  readonly cards: CardDesk;
  readonly authenticator: Pick<Authenticator, "callerOf">;
  /** A card older than this is shown only while outdated ones are preferred to none. */
  readonly staleMs: number;
}

export function userCardRoutes({ cards, authenticator, staleMs }: UserCardParts) {
  return createHttpApp()
    .openapi(one, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      const { user } = c.req.valid("param");
      const shown = await cards.user(user, caller, seenVersion(c));
      if (shown === undefined) throw new BarrageError("not_found", "No such account");
      if (shown.card.state === "removed") throw new BarrageError("gone", "The account was removed");
      const view = viewOf(shown, caller);
      const tag = {
        version: shown.version,
        view: view.bio === undefined ? "short" : "full",
        ageMs: shown.ageMs,
      };
      const { headers, had } = cardHeaders(c, caller, tag, staleMs);
      if (had) return c.body(null, 304, headers);
      // Not by the context, which copies all headers once more: hot profiles are the most frequent answers of all.
      return new Response(JSON.stringify(view), {
        headers: { ...headers, "content-type": "application/json" },
      });
    });
}

/** What the caller may see of it: decided for each, after the read that all share. */
export function viewOf({ card }: Shown<"user">, caller: Caller): Profile {
  return cardView(card, roleOf(caller, card.id));
}
