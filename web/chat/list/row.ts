import type { ConversationView } from "client/mod.ts";
import { showAvatar } from "../../shell/avatar.ts";
import { icon, make, plural } from "../../shell/dom.ts";
import { pathOf } from "../place.ts";
import { shortTime } from "../times.ts";
import { previewOf } from "../words.ts";

export interface RowState {
  readonly view: ConversationView;
  readonly open: boolean;
  readonly online: boolean;
  readonly me: string | undefined;
  readonly now: number;
}

/** One conversation in the list; its parts stay, only what they say changes. */
export class Row {
  readonly element = make("li", "row-box");
  readonly link = make("a", "row");
  readonly #avatar = make("span", "avatar");
  readonly #presence = make("span", "presence");
  readonly #title = make("span", "row-title");
  readonly #marks = make("span", "row-marks");
  readonly #time = make("span", "row-time");
  readonly #text = make("span", "row-text");
  readonly #badges = make("span", "row-badges");
  #shown = "";

  constructor() {
    this.#avatar.setAttribute("aria-hidden", "true");
    const face = make("span", "avatar-box");
    face.append(this.#avatar, this.#presence);
    const top = make("span", "row-line");
    top.append(this.#title, this.#marks, this.#time);
    const bottom = make("span", "row-line");
    bottom.append(this.#text, this.#badges);
    const words = make("span", "row-words");
    words.append(top, bottom);
    this.link.append(face, words);
    this.element.append(this.link);
  }

  show({ view, open, online, me, now }: RowState): void {
    const { id, title, lastAt, unread, mentions, muted, pinned, standing } = view;
    const { text, tone } = previewOf(view, me);
    const time = lastAt === 0 ? "" : shortTime(lastAt, now);
    const shown = JSON.stringify([
      id,
      title,
      text,
      tone,
      time,
      unread,
      mentions,
      muted,
      pinned,
      standing,
      open,
      online,
    ]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.link.href = pathOf(id);
    this.link.dataset.id = id;
    this.link.toggleAttribute("data-unread", unread > 0 && !muted);
    if (open) this.link.setAttribute("aria-current", "true");
    else this.link.removeAttribute("aria-current");
    showAvatar(this.#avatar, title);
    this.#avatar.classList.toggle("group", view.kind === "group");
    this.#presence.hidden = !online;
    this.#presence.title = "Online";
    this.#title.textContent = title;
    this.#time.textContent = time;
    this.#text.textContent = text;
    this.#text.dataset.tone = tone;
    this.#marks.replaceChildren(...muted ? [mark("bell-off", "Muted")] : []);
    this.#badges.replaceChildren(
      ...mentions > 0 ? [badge("@", `${plural(mentions, "mention")} of you`, "mention")] : [],
      ...unread > 0 ? [badge(unread > 99 ? "99+" : String(unread), `${unread} unread`, "unread")] : [],
      ...standing === "invited" ? [badge("1", "Invitation", "unread")] : [],
      ...pinned && unread === 0 ? [mark("pin", "Pinned")] : [],
    );
  }
}

function mark(name: string, words: string): HTMLElement {
  const element = make("span", "mark");
  element.title = words;
  element.append(icon(name), make("span", "visually-hidden", words));
  return element;
}

function badge(text: string, words: string, kind: string): HTMLElement {
  const element = make("span", "badge");
  element.dataset.kind = kind;
  const shown = make("span", "", text);
  shown.setAttribute("aria-hidden", "true");
  element.append(shown, make("span", "visually-hidden", words));
  return element;
}
