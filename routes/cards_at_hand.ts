import type { RoomDirectory } from "actors/room/directory.ts";
import { seenVersion } from "./card_answer.ts";
import type { CardDesk } from "./card_desk.ts";
import type { Authenticator } from "./identify.ts";
import { roomAnswer } from "./rooms.ts";
import type { Border } from "./switches/border.ts";
import { userAnswer } from "./user_cards.ts";

/** As the app routes them, at hosts that need no closer look. */
const CARD = /^https?:\/\/[\w.:[\]-]+\/v1\/(users|rooms)\/([0-7][0-9A-HJKMNP-TV-Z]{25})$/;

export interface CardsAtHandParts {
  readonly cards: Pick<CardDesk, "userAtHand" | "roomAtHand">;
  readonly directory: Pick<RoomDirectory, "onlineOf">;
  readonly authenticator: Pick<Authenticator, "callerAtHand">;
  readonly border: Pick<Border, "closed">;
  readonly staleMs: number;
}

/**
 * Answers what is asked for most: a card that the node has in its own memory, for somebody whom it knows, while nothing is
 * turned off. The way through the app costs more than all of that together. Whatever is not so plain is left to the app,
 * which answers the same.
 */
export class CardsAtHand {
  readonly #parts: CardsAtHandParts;

  constructor(parts: CardsAtHandParts) {
    this.#parts = parts;
  }

  /** Undefined: the app is to answer. */
  answer(request: Request): Response | undefined {
    const { authenticator, border, cards, directory, staleMs } = this.#parts;
    if (request.method !== "GET" || border.closed) return undefined;
    const { url } = request;
    const [, kind, id = ""] = CARD.exec(url) ?? [];
    if (kind === undefined || !URL.canParse(url)) return undefined;
    const { headers } = request;
    // Scripts of other sites are told more.
    if (headers.get("origin") !== null) return undefined;
    const caller = authenticator.callerAtHand(request);
    if (caller === undefined) return undefined;
    const asker = { caller, has: headers.get("if-none-match") ?? undefined };
    if (kind === "users") {
      const shown = cards.userAtHand(id, caller, seenVersion(asker));
      return shown?.card.state === "active" ? userAnswer(shown, asker, staleMs) : undefined;
    }
    const shown = cards.roomAtHand(id, caller, seenVersion(asker));
    if (shown === undefined || shown.card.state === "deleted") return undefined;
    return roomAnswer(shown, directory.onlineOf(id), asker, staleMs);
  }
}
