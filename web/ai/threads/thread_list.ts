import type { AiThread } from "protocol/ai_methods.ts";
import { find, icon, make } from "../../shell/dom.ts";
import { shortTime } from "../../chat/times.ts";
import { pathOf } from "../place.ts";

export interface ThreadListOptions {
  readonly open: (id: string) => void;
  readonly forget: (thread: AiThread) => void;
  readonly more: () => void;
}

/** Conversations, the newest first. */
export class ThreadList {
  readonly #list: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #more: HTMLButtonElement;
  readonly #threads = new Map<string, AiThread>();
  readonly #options: ThreadListOptions;
  #current: string | undefined;
  #shown = "";

  constructor(root: HTMLElement, options: ThreadListOptions) {
    this.#options = options;
    this.#list = find(root, ".ai-threads", HTMLElement);
    this.#empty = find(root, ".ai-threads-empty", HTMLElement);
    this.#more = find(root, "[data-more]", HTMLButtonElement);
    this.#more.addEventListener("click", () => options.more());
    this.#list.addEventListener("click", (event) => this.#click(event));
    this.#list.addEventListener("keydown", (event) => this.#key(event));
  }

  show(threads: readonly AiThread[], hasMore: boolean): void {
    this.#empty.hidden = threads.length > 0;
    this.#more.hidden = !hasMore;
    const now = Date.now();
    const looks = threads.map(({ thread, title, changedAt }) =>
      `${thread}${title}${shortTime(changedAt, now)}`
    )
      .join("\n");
    if (looks === this.#shown) return;
    this.#shown = looks;
    const focused = document.activeElement?.closest<HTMLElement>("[data-thread]")?.dataset.thread;
    this.#threads.clear();
    for (const thread of threads) this.#threads.set(thread.thread, thread);
    this.#list.replaceChildren(...threads.map((thread) => rowOf(thread, now)));
    this.#mark();
    if (focused !== undefined) this.#link(focused)?.focus();
  }

  opened(id: string | undefined): void {
    this.#current = id;
    this.#mark();
  }

  #mark(): void {
    for (const link of this.#links) {
      if (link.dataset.thread === this.#current) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }

  get #links(): readonly HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>("a[data-thread]")];
  }

  #link(id: string): HTMLElement | undefined {
    return this.#links.find(({ dataset }) => dataset.thread === id);
  }

  #click(event: MouseEvent): void {
    if (!(event.target instanceof Element) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const id = event.target.closest<HTMLElement>("[data-thread]")?.dataset.thread;
    const thread = id === undefined ? undefined : this.#threads.get(id);
    if (thread === undefined) return;
    event.preventDefault();
    if (event.target.closest("button") !== null) this.#options.forget(thread);
    else this.#options.open(thread.thread);
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const at = this.#links.findIndex((link) => link === document.activeElement);
    if (step === undefined || at === -1) return;
    event.preventDefault();
    this.#links[Math.max(0, at + step)]?.focus();
  }
}

function rowOf({ thread, title, changedAt }: AiThread, now: number): HTMLElement {
  const row = make("li", "ai-thread");
  const link = make("a", "ai-thread-link");
  link.href = pathOf({ kind: "thread", id: thread });
  link.dataset.thread = thread;
  const name = make("span", "ai-thread-title", title);
  name.setAttribute("dir", "auto");
  link.append(name, make("span", "ai-thread-time", shortTime(changedAt, now)));
  const forget = make("button", "icon-button ai-thread-forget");
  forget.type = "button";
  forget.dataset.thread = thread;
  forget.title = "Forget";
  forget.append(icon("trash"), make("span", "visually-hidden", `Forget “${title}”`));
  row.append(link, forget);
  return row;
}
