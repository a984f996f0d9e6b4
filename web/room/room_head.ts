import { type Room, updateRoom } from "../shell/api.ts";
import type { Actor } from "../shell/account.ts";
import { showAvatar } from "../shell/avatar.ts";
import { find, icon } from "../shell/dom.ts";
import { ask } from "../shell/text_dialog.ts";

/** Title, owner, share; and for the owner the means to edit and end the room. */
export class RoomHead {
  readonly #head: HTMLElement;
  readonly #ended: () => void;
  #room: Room;

  constructor(head: HTMLElement, room: Room, owner: Actor | undefined, ended: () => void) {
    this.#head = head;
    this.#room = room;
    this.#ended = ended;
    const share = find(head, "[data-share]", HTMLButtonElement);
    share.addEventListener("click", () => copyLink(share));
    if (owner && room.state === "live") this.#startOwner(owner);
    this.#show();
  }

  end(): void {
    find(this.#head, "[data-edit]", HTMLElement).hidden = true;
    find(this.#head, "[data-end]", HTMLElement).hidden = true;
  }

  #show(): void {
    const { title, owner, createdAt } = this.#room;
    find(this.#head, ".room-title", HTMLElement).textContent = title;
    const since = new Date(createdAt).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    find(this.#head, ".room-owner", HTMLElement).textContent = `${owner.name} · since ${since}`;
    showAvatar(find(this.#head, ".avatar", HTMLElement), owner.name);
    document.title = `${title} · Barrage`;
  }

  #startOwner(owner: Actor): void {
    const edit = find(this.#head, "[data-edit]", HTMLButtonElement);
    const end = find(this.#head, "[data-end]", HTMLButtonElement);
    edit.hidden = false;
    end.hidden = false;
    edit.addEventListener("click", () =>
      ask({
        title: "Edit the title",
        note: "Everyone who opens the room sees it.",
        action: "Save",
        input: { label: "Room title", value: this.#room.title, maxLength: 100 },
        submit: async (title) => {
          this.#room = await owner((token) => updateRoom(token, this.#room.id, { title }));
          this.#show();
        },
      }));
    end.addEventListener("click", () =>
      ask({
        title: "End this room?",
        note: "Nobody can say anything after that, and it cannot be opened again.",
        action: "End room",
        danger: true,
        submit: async () => {
          await owner((token) => updateRoom(token, this.#room.id, { state: "ended" }));
          this.#ended();
        },
      }));
  }
}

/** Without the clipboard (an unsafe origin, a refusal) the link is offered for copying by hand. */
async function copyLink(button: HTMLButtonElement): Promise<void> {
  const label = find(button, "span", HTMLElement);
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    prompt("Copy this link", location.href);
    return;
  }
  label.textContent = "Link copied";
  button.querySelector("svg")?.replaceWith(icon("check"));
  setTimeout(() => {
    label.textContent = "Share";
    button.querySelector("svg")?.replaceWith(icon("link"));
  }, 2_000);
}
