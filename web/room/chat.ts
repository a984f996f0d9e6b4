import type { SayItem } from "../protocol_types.ts";
import { find, plural } from "../shell/dom.ts";
import { chatLine, noticeLine } from "./chat_line.ts";
import { type ChatEntry, choose } from "./chat_entries.ts";

/** Lines in the page; older ones leave at the top. */
const LINES_MAX = 200;
/** Nobody reads faster, and the page stays smooth: at most this many lines per flush and ten flushes a second. */
const LINES_PER_FLUSH = 24;
const FLUSH_MS = 100;
const RUSH_SHOWN_MS = 3_000;

/** The chat column: bounded, written in batches, and still while somebody reads further up. */
export class Chat {
  readonly #scroll: HTMLElement;
  readonly #lines: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #jump: HTMLButtonElement;
  readonly #rush: HTMLElement;
  #waiting: ChatEntry[] = [];
  #unread = 0;
  #passedOver = 0;
  #rushUntil = 0;
  #atBottom = true;
  #flushedAt = -Infinity;

  constructor(column: HTMLElement) {
    this.#scroll = find(column, ".chat-scroll", HTMLElement);
    this.#lines = find(column, ".chat-lines", HTMLElement);
    this.#empty = find(column, ".chat-empty", HTMLElement);
    this.#jump = find(column, ".chat-jump", HTMLButtonElement);
    this.#rush = find(column, ".chat-rush", HTMLElement);
    this.#scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener("click", () => this.#jumpDown());
    new ResizeObserver(() => this.#atBottom && this.#toBottom()).observe(this.#scroll);
    const tick = (now: number) => {
      this.#flush(now);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  say(item: SayItem, own: boolean): void {
    if (!this.#atBottom) this.#unread += item.count;
    this.#push({ kind: "item", item, own });
  }

  /** What was said before: shown at once. */
  replay(items: readonly SayItem[], isOwn: (item: SayItem) => boolean): void {
    const entries = items.map((item) => ({ kind: "item", item, own: isOwn(item) }) as const);
    if (this.#atBottom) this.#append([...this.#waiting.splice(0), ...entries].slice(-LINES_MAX));
    else for (const entry of entries) this.say(entry.item, entry.own);
  }

  notice(text: string): void {
    this.#push({ kind: "notice", text });
  }

  #push(entry: ChatEntry): void {
    this.#waiting.push(entry);
    if (this.#waiting.length > 2 * LINES_MAX) this.#waiting = this.#waiting.slice(-LINES_MAX);
  }

  #flush(now: number): void {
    if (now - this.#flushedAt < FLUSH_MS) return;
    this.#flushedAt = now;
    this.#showRush(now);
    if (!this.#atBottom) return this.#showUnread();
    if (this.#waiting.length === 0) return;
    const batch = choose(this.#waiting.splice(0), LINES_PER_FLUSH);
    if (batch.leftOut > 0) {
      this.#passedOver += batch.leftOut;
      this.#rushUntil = now + RUSH_SHOWN_MS;
    }
    this.#append(batch.kept);
  }

  #append(entries: readonly ChatEntry[]): void {
    const lines = document.createDocumentFragment();
    for (const entry of entries) {
      lines.append(entry.kind === "item" ? chatLine(entry.item, entry.own) : noticeLine(entry.text));
    }
    this.#empty.hidden = true;
    this.#lines.append(lines);
    while (this.#lines.childElementCount > LINES_MAX) this.#lines.firstElementChild?.remove();
    this.#toBottom();
  }

  #showRush(now: number): void {
    const rushing = now < this.#rushUntil;
    if (rushing) this.#rush.textContent = `Too fast to list: ${plural(this.#passedOver, "line")} left out`;
    else this.#passedOver = 0;
    this.#rush.hidden = !rushing;
  }

  #showUnread(): void {
    this.#jump.hidden = this.#unread === 0;
    find(this.#jump, "span", HTMLElement).textContent = plural(this.#unread, "new message");
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    this.#atBottom = scrollHeight - scrollTop - clientHeight < 32;
    if (this.#atBottom) this.#caughtUp();
  }

  #jumpDown(): void {
    this.#atBottom = true;
    this.#append(this.#waiting.splice(0).slice(-LINES_MAX));
    this.#caughtUp();
  }

  #caughtUp(): void {
    this.#unread = 0;
    this.#jump.hidden = true;
  }

  #toBottom(): void {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}
