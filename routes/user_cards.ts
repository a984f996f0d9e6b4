import { createRoute, z } from "@hono/zod-openapi";
import { roleOf } from "actors/account/permissions.ts";
import { cardView } from "actors/account/views.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { Profile } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import type { CardDesk, Shown } from "./card_desk.ts";
import { type Asker, cardAnswer, seenVersion } from "./card_answer.ts";
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
      const asker = { caller, has: c.req.header("if-none-match") };
      const shown = await cards.user(c.req.valid("param").user, caller, seenVersion(asker));
      if (shown === undefined) throw new BarrageError("not_found", "No such account");
      if (shown.card.state === "removed") throw new BarrageError("gone", "The account was removed");
      c.set("openToAll", true);
      return userAnswer(shown, asker, staleMs);
    });
}

export function userAnswer(shown: Shown<"user">, asker: Asker, staleMs: number): Response {
  const { card, version, ageMs } = shown;
  const body = viewOf(shown, asker.caller);
  const view = body.bio === undefined ? "short" : "full";
  return cardAnswer(asker, { card, version, view, outdated: ageMs > staleMs, body: () => body });
}

/** What the caller may see of it: decided for each, after the read that all share. */
export function viewOf({ card }: Shown<"user">, caller: Caller): Profile {
  return cardView(card, roleOf(caller, card.id));
}
