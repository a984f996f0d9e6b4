import { paintStill } from "../picture/picture.ts";
import type { Room } from "../shell/api.ts";
import { showAvatar } from "../shell/avatar.ts";
import { clone, find } from "../shell/dom.ts";

export class RoomCard {
  readonly element: HTMLLIElement;
  readonly #title: HTMLElement;
  readonly #online: HTMLElement;

  constructor(room: Room) {
    const card = clone("room-card");
    this.element = find(card, "li", HTMLLIElement);
    this.#title = find(card, ".room-card-title", HTMLElement);
    this.#online = find(card, ".online-count", HTMLElement);
    find(card, "a", HTMLAnchorElement).href = `/rooms/${room.id}`;
    find(card, ".room-card-owner", HTMLElement).textContent = room.owner.name;
    showAvatar(find(card, ".avatar", HTMLElement), room.owner.name);
    paintStill(find(card, "canvas", HTMLCanvasElement), room.id);
    this.update(room);
  }

  update(room: Room): void {
    this.#title.textContent = room.title;
    this.#online.textContent = room.online.toLocaleString("en");
  }
}
