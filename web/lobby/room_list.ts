import { BarrageCallError } from "client/mod.ts";
import { listRooms } from "../shell/api.ts";
import { find, plural } from "../shell/dom.ts";
import { RoomCard } from "./room_card.ts";

const REFRESH_MS = 4_000;
const CARDS_MAX = 48;

/** The live rooms, the most watched first, kept fresh while somebody looks. */
export class RoomList {
  readonly #list: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #count: HTMLElement;
  readonly #cards = new Map<string, RoomCard>();

  readonly #recover: () => Promise<void>;

  /** @param recover Called when the server does not know any more who asks. */
  constructor(section: HTMLElement, recover: () => Promise<void>) {
    this.#recover = recover;
    this.#list = find(section, ".room-cards", HTMLElement);
    this.#empty = find(section, ".rooms-empty", HTMLElement);
    this.#count = find(section, ".rooms-count", HTMLElement);
  }

  async run(): Promise<never> {
    for (;;) {
      if (!document.hidden) await this.#refresh();
      await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    }
  }

  async #rooms(): ReturnType<typeof listRooms> {
    try {
      return await listRooms();
    } catch (error) {
      if (!(error instanceof BarrageCallError) || error.reason !== "unauthenticated") throw error;
      await this.#recover();
      return await listRooms();
    }
  }

  async #refresh(): Promise<void> {
    let rooms;
    try {
      rooms = await this.#rooms();
    } catch (error) {
      this.#count.textContent = "cannot reach the server, trying again";
      console.info("Cannot list rooms", error);
      return;
    }
    const shown = rooms.sort((a, b) => b.online - a.online || b.createdAt - a.createdAt).slice(0, CARDS_MAX);
    const stale = new Set(this.#cards.keys());
    for (const [index, room] of shown.entries()) {
      stale.delete(room.id);
      const card = this.#cards.get(room.id) ?? new RoomCard(room);
      this.#cards.set(room.id, card);
      card.update(room);
      if (this.#list.children[index] !== card.element) {
        this.#list.insertBefore(card.element, this.#list.children[index] ?? null);
      }
    }
    for (const id of stale) {
      this.#cards.get(id)?.element.remove();
      this.#cards.delete(id);
    }
    this.#empty.hidden = rooms.length > 0;
    this.#count.textContent = rooms.length > 0 ? plural(rooms.length, "room") : "";
  }
}
