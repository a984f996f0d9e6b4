import type { ChatConversation, ShownMessage } from "client/mod.ts";
import type { Message } from "protocol/chat.ts";
import { find, plural } from "../../shell/dom.ts";
import { attempt } from "../../shell/toast.ts";
import { complaintOf } from "../complaints.ts";
import type { BubbleOptions } from "./bubble.ts";
import { entriesOf } from "./entries.ts";
import { LineWindow } from "./line_window.ts";
import { Lines } from "./lines.ts";

/** So near an edge more is fetched, so that nobody gets there. */
const NEAR_PX = 900;
const AT_END_PX = 40;
const HISTORY = 60;
const FLASH_MS = 1_600;

export interface ThreadOptions {
  readonly conversation: ChatConversation;
  readonly me: string | undefined;
  /** Bubbles, quotes and buttons in them tell what was asked for. */
  readonly act: (
    what: string,
    shown: ShownMessage,
    button: HTMLElement,
    at?: { x: number; y: number },
  ) => void;
}

/** The column of messages: bounded in the page, still while somebody reads further up, read when it is seen. */
export class Thread {
  readonly #conversation: ChatConversation;
  readonly #options: ThreadOptions;
  readonly #scroll: HTMLElement;
  readonly #top: HTMLElement;
  readonly #jump: HTMLButtonElement;
  readonly #lines: Lines;
  readonly #window = new LineWindow();
  readonly #over = new AbortController();
  #unreadFrom: number | undefined;
  #atEnd = true;
  /** Own scrolling is not the reader's. */
  #fetching = false;
  #began = false;
  #seenHead = 0;

  constructor(root: HTMLElement, options: ThreadOptions) {
    this.#options = options;
    this.#conversation = options.conversation;
    this.#scroll = find(root, ".thread-scroll", HTMLElement);
    this.#top = find(root, ".thread-top", HTMLElement);
    this.#jump = find(root, ".jump", HTMLButtonElement);
    const list = find(root, ".lines", HTMLElement);
    this.#lines = new Lines(list);
    const { signal } = this.#over;
    this.#scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true, signal });
    this.#jump.addEventListener("click", () => this.toEnd(), { signal });
    document.addEventListener("visibilitychange", () => this.#seen(), { signal });
    list.addEventListener("click", (event) => this.#clicked(event), { signal });
    list.addEventListener("contextmenu", (event) => this.#menu(event), { signal });
    this.#scroll.addEventListener("keydown", (event) => this.#walk(event), { signal });
    const resized = new ResizeObserver(() => {
      if (this.#atEnd) this.#toBottom();
    });
    resized.observe(this.#scroll);
    signal.addEventListener("abort", () => resized.disconnect());
    const view = this.#conversation.view;
    if (view !== undefined && view.unread > 0) this.#unreadFrom = view.readSeq + 1;
    signal.addEventListener("abort", this.#conversation.on("messages", () => this.draw()));
  }

  close(): void {
    this.#over.abort();
  }

  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Draws what is known, keeping in place what somebody looks at. */
  draw(): void {
    const { messages } = this.#conversation;
    this.#markUnread();
    const anchor = this.#atEnd && this.#window.followsEnd ? undefined : this.#anchor();
    const entries = entriesOf(this.#window.of(messages), this.#unreadFrom);
    this.#lines.draw(entries, this.#bubbles(messages), Date.now());
    this.#top.hidden = !this.#conversation.hasOlder || messages.length === 0;
    this.#top.textContent = "Loading what was said before";
    if (!this.#began && messages.length > 0) this.#begin();
    else if (anchor !== undefined) this.#hold(anchor);
    else this.#toBottom();
    this.#showJump();
    this.#seen();
    this.#fill();
  }

  /** What comes while nobody looks begins with a line. */
  #markUnread(): void {
    const { view } = this.#conversation;
    if (!document.hidden || view === undefined || view.unread === 0) return;
    if (this.#unreadFrom === undefined || this.#unreadFrom <= view.readSeq) {
      this.#unreadFrom = view.readSeq + 1;
    }
  }

  /** Whoever answers has read. */
  answered(): Promise<void> {
    this.#unreadFrom = undefined;
    return this.toEnd();
  }

  /** To the newest message. */
  async toEnd(): Promise<void> {
    if (
      this.#conversation.hasNewer && !await attempt(() => this.#conversation.newest(HISTORY), complaintOf)
    ) return;
    this.#window.followEnd();
    this.#atEnd = true;
    this.draw();
  }

  /** Shows one message, wherever it stands. */
  async goTo(seq: number): Promise<void> {
    const isThere = () => this.#conversation.messages.find((shown) => seqOf(shown) === seq);
    if (
      isThere() === undefined && !await attempt(() => this.#conversation.around(seq, HISTORY), complaintOf)
    ) return;
    const shown = isThere();
    if (shown === undefined) return;
    this.#atEnd = false;
    this.#window.showAround(this.#conversation.messages, shown.key);
    this.draw();
    const element = this.#lines.element(shown.key);
    element?.scrollIntoView({ block: "center" });
    element?.classList.add("flash");
    setTimeout(() => element?.classList.remove("flash"), FLASH_MS);
  }

  #bubbles(messages: readonly ShownMessage[]): BubbleOptions {
    const quoted = (seq: number): Message | undefined => {
      const shown = messages.find((shown) => seqOf(shown) === seq);
      return shown?.shown === "stored" ? shown.message : undefined;
    };
    return { group: this.#conversation.view?.kind === "group", me: this.#options.me, quoted };
  }

  /** The first look: at the first unread message, or else at the newest. */
  #begin(): void {
    this.#began = true;
    const line = this.#lines.element("unread");
    if (line === undefined) return this.#toBottom();
    this.#scroll.scrollTop = line.offsetTop - this.#scroll.clientHeight / 4;
    this.#atEnd = this.#belowEnd < AT_END_PX;
  }

  #anchor(): { readonly key: string; readonly above: number } | undefined {
    const top = this.#scroll.scrollTop;
    for (const element of find(this.#scroll, ".lines", HTMLElement).children) {
      if (!(element instanceof HTMLElement) || element.offsetTop + element.offsetHeight <= top) continue;
      const { key } = element.dataset;
      // Days and the unread line come and go with what is around them.
      if (key !== undefined && element.dataset.seq !== undefined) {
        return { key, above: element.offsetTop - top };
      }
    }
    return undefined;
  }

  #hold({ key, above }: { readonly key: string; readonly above: number }): void {
    const element = this.#lines.element(key);
    if (element !== undefined) this.#scroll.scrollTop = element.offsetTop - above;
  }

  get #belowEnd(): number {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight;
  }

  #toBottom(): void {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #scrolled(): void {
    this.#atEnd = this.#window.followsEnd && !this.#conversation.hasNewer && this.#belowEnd < AT_END_PX;
    this.#showJump();
    this.#seen();
    this.#fill();
  }

  /** Brings in what is near the edges. */
  async #fill(): Promise<void> {
    if (this.#fetching || this.#over.signal.aborted || !this.#began) return;
    const { messages, hasOlder, hasNewer } = this.#conversation;
    if (this.#scroll.scrollTop < NEAR_PX) {
      if (this.#window.moveUp(messages)) return this.#drawSoon();
      if (hasOlder) return await this.#fetch(() => this.#conversation.older(HISTORY));
    }
    if (this.#belowEnd < NEAR_PX && !this.#window.followsEnd) {
      if (this.#window.moveDown(messages)) return this.#drawSoon();
    }
    if (this.#belowEnd < NEAR_PX && hasNewer) await this.#fetch(() => this.#conversation.newer(HISTORY));
  }

  /** A frame between, so that what was drawn is laid out once. */
  #drawSoon(): void {
    this.#fetching = true;
    requestAnimationFrame(() => {
      this.#fetching = false;
      if (!this.#over.signal.aborted) this.draw();
    });
  }

  async #fetch(act: () => Promise<unknown>): Promise<void> {
    this.#fetching = true;
    const done = await attempt(act, complaintOf);
    // What failed is tried again when somebody scrolls.
    this.#fetching = false;
    if (done && !this.#over.signal.aborted) await this.#fill();
  }

  #showJump(): void {
    const head = this.#conversation.view?.head ?? 0;
    if (this.#atEnd) this.#seenHead = head;
    const behind = Math.max(0, head - this.#seenHead);
    this.#jump.hidden = this.#atEnd;
    const count = find(this.#jump, ".jump-count", HTMLElement);
    count.hidden = behind === 0;
    count.textContent = behind > 99 ? "99+" : String(behind);
    this.#jump.title = behind === 0 ? "To the newest message" : plural(behind, "new message");
  }

  /** What is in sight is read, while somebody may be looking. */
  #seen(): void {
    const view = this.#conversation.view;
    if (document.hidden || !this.#began || view === undefined || view.unread === 0) return;
    if (this.#atEnd) return this.#conversation.read();
    const edge = this.#scroll.scrollTop + this.#scroll.clientHeight;
    const lines = find(this.#scroll, ".lines", HTMLElement).children;
    for (let i = lines.length - 1; i >= 0; i--) {
      const line = lines[i];
      if (!(line instanceof HTMLElement) || line.dataset.seq === undefined) continue;
      if (line.offsetTop + line.offsetHeight > edge) continue;
      const seq = Number(line.dataset.seq);
      if (seq > view.readSeq) this.#conversation.read(seq);
      return;
    }
  }

  #shownAt(target: EventTarget | null): ShownMessage | undefined {
    const line = target instanceof Element ? target.closest<HTMLElement>("[data-key]") : null;
    return this.#conversation.messages.find(({ key }) => key === line?.dataset.key);
  }

  #clicked(event: MouseEvent): void {
    const shown = this.#shownAt(event.target);
    if (!(event.target instanceof Element) || shown === undefined) return;
    const quote = event.target.closest<HTMLElement>("[data-go-to]");
    if (quote !== null) return void this.goTo(Number(quote.dataset.goTo));
    const button = event.target.closest<HTMLElement>("[data-act]");
    if (button?.dataset.act !== undefined) return this.#options.act(button.dataset.act, shown, button);
    // Fingers have no pointer to hover with.
    const box = event.target.closest<HTMLElement>(".bubble");
    const touched = event instanceof PointerEvent && event.pointerType === "touch";
    if (touched && box !== null && event.target.closest("a") === null) {
      this.#options.act("menu", shown, box, { x: event.clientX, y: event.clientY });
    }
  }

  #menu(event: MouseEvent): void {
    const shown = this.#shownAt(event.target);
    const box = event.target instanceof Element ? event.target.closest<HTMLElement>(".bubble") : null;
    // Links and what was selected have a menu of the browser's.
    const other = event.target instanceof Element && event.target.closest("a") !== null;
    if (shown === undefined || box === null || other || getSelection()?.isCollapsed === false) return;
    event.preventDefault();
    this.#options.act("menu", shown, box, { x: event.clientX, y: event.clientY });
  }

  /** With the arrows from message to message, to the button that says what can be done. */
  #walk(event: KeyboardEvent): void {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const buttons = [...this.#scroll.querySelectorAll<HTMLElement>(".line-menu")];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const next = at < 0 ? buttons.length - 1 : at + (event.key === "ArrowUp" ? -1 : 1);
    if (next < 0 || next >= buttons.length) return;
    event.preventDefault();
    buttons[next]?.focus();
  }
}

function seqOf(shown: ShownMessage): number | undefined {
  return shown.shown === "stored" ? shown.message.seq : undefined;
}
