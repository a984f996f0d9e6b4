import type { Chat, ConversationView } from "client/mod.ts";

/** As the server answers by default. */
const WATCHED_MAX = 200;
/** While somebody scrolls the list goes by. */
const SETTLE_MS = 400;

/** Watches who of those in sight is online: the one talked to first, then those in the list. */
export class PeopleWatch {
  readonly #chat: Chat;
  #inSight: readonly ConversationView[] = [];
  #open: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(chat: Chat) {
    this.#chat = chat;
  }

  inSight(views: readonly ConversationView[]): void {
    this.#inSight = views;
    this.#plan();
  }

  open(user: string | undefined): void {
    this.#open = user;
    this.#plan();
  }

  isOnline(user: string): boolean {
    return this.#chat.presenceOf(user)?.online ?? false;
  }

  #plan(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const users = new Set([this.#open, ...this.#inSight.map(({ peer }) => peer?.id)]);
      this.#chat.watchPresence([...users].filter((user) => user !== undefined).slice(0, WATCHED_MAX));
    }, SETTLE_MS);
  }
}
