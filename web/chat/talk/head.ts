import type { Chat, ConversationView } from "client/mod.ts";
import { showAvatar } from "../../shell/avatar.ts";
import { find, plural } from "../../shell/dom.ts";
import { since } from "../times.ts";
import { typingWords } from "../words.ts";

/** Who one talks to: name, whether they are there, whether they are writing. */
export class TalkHead {
  readonly #head: HTMLElement;
  readonly #chat: Chat;

  constructor(head: HTMLElement, chat: Chat) {
    this.#head = head;
    this.#chat = chat;
  }

  show(view: ConversationView): void {
    const { title, kind, typing, peer } = view;
    find(this.#head, ".talk-title", HTMLElement).textContent = title;
    const avatar = find(this.#head, ".avatar", HTMLElement);
    showAvatar(avatar, title);
    avatar.classList.toggle("group", kind === "group");
    const presence = peer === undefined ? undefined : this.#chat.presenceOf(peer.id);
    find(this.#head, ".presence", HTMLElement).hidden = presence?.online !== true;
    const note = find(this.#head, ".talk-note", HTMLElement);
    const writing = typing.length > 0;
    note.dataset.tone = writing ? "accent" : "plain";
    note.textContent = writing ? typingWords(typing, kind) : noteOf(view, presence);
  }
}

function noteOf(view: ConversationView, presence: ReturnType<Chat["presenceOf"]>): string {
  if (view.group !== undefined) return plural(view.group.members, "member");
  if (view.blocked) return "Blocked";
  if (presence === undefined) return "";
  if (presence.online) return "Online";
  const { lastSeenAt } = presence as { lastSeenAt?: number };
  return lastSeenAt === undefined ? "" : `Last seen ${since(lastSeenAt, Date.now())}`;
}
