import type { ConversationView } from "client/mod.ts";
import { find } from "../../shell/dom.ts";
import { chosen, emptiness, type Filter, FILTERS } from "./filters.ts";
import { Row } from "./row.ts";

/** The style sheet gives every row this height, so which of them are in sight is arithmetic. */
const ROW_PX = 72;
/** Beyond the edges, so that scrolling shows no holes. */
const SPARE_ROWS = 6;
const MINUTE_MS = 60_000;

export interface ListOptions {
  readonly me: () => string | undefined;
  readonly isOnline: (user: string) => boolean;
  readonly open: (id: string) => void;
  /** Those in sight are others now. */
  readonly inSight: (views: readonly ConversationView[]) => void;
}

/** The conversations; only those in sight are in the page, however many there are. */
export class ConversationList {
  readonly #options: ListOptions;
  readonly #column: HTMLElement;
  readonly #scroll: HTMLElement;
  readonly #list: HTMLElement;
  readonly #search: HTMLInputElement;
  readonly #rows = new Map<string, Row>();
  #all: readonly ConversationView[] | undefined;
  #views: readonly ConversationView[] = [];
  #open: string | undefined;
  #inSight = "";
  /** Of which row the keyboard stands at. */
  #at: string | undefined;
  #drawing = false;

  constructor(column: HTMLElement, options: ListOptions) {
    this.#options = options;
    this.#column = column;
    this.#scroll = find(column, ".people-scroll", HTMLElement);
    this.#list = find(column, ".rows", HTMLElement);
    this.#search = find(column, "#search", HTMLInputElement);
    this.#scroll.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.#scroll);
    this.#search.addEventListener("input", () => this.#choose());
    this.#search.addEventListener("keydown", (event) => this.#searching(event));
    find(column, ".people-filters", HTMLElement).addEventListener("change", () => this.#choose());
    this.#list.addEventListener("click", (event) => this.#clicked(event));
    this.#list.addEventListener("keydown", (event) => this.#walk(event));
    // The times move on.
    setInterval(() => this.draw(), MINUTE_MS);
  }

  show(all: readonly ConversationView[]): void {
    this.#all = all;
    this.#choose();
  }

  opened(id: string | undefined): void {
    this.#open = id;
    this.#at = id ?? this.#at;
    this.draw();
  }

  search(): void {
    this.#search.focus();
  }

  /** Once a frame, whatever has changed. */
  draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  get #filter(): Filter {
    const value = this.#column.querySelector<HTMLInputElement>("[name=filter]:checked")?.value;
    return FILTERS.find((filter) => filter === value) ?? "all";
  }

  #choose(): void {
    if (this.#all === undefined) return;
    this.#views = chosen(this.#all, this.#filter, this.#search.value);
    const empty = find(this.#column, ".people-empty", HTMLElement);
    empty.hidden = this.#views.length > 0;
    const { title, note } = emptiness(this.#filter, this.#search.value);
    find(empty, ".empty-title", HTMLElement).textContent = title;
    find(empty, ".empty-note", HTMLElement).textContent = note;
    this.draw();
  }

  #draw(): void {
    const from = Math.max(0, Math.floor(this.#scroll.scrollTop / ROW_PX) - SPARE_ROWS);
    const until = Math.ceil((this.#scroll.scrollTop + this.#scroll.clientHeight) / ROW_PX) + SPARE_ROWS;
    const shown = this.#views.slice(from, until);
    this.#list.style.height = `${this.#views.length * ROW_PX}px`;
    this.#forgetBut(new Set(shown.map(({ id }) => id)));
    const now = Date.now();
    const tabStop = shown.some(({ id }) => id === this.#at) ? this.#at : shown[0]?.id;
    let behind: Element | null = this.#list.firstElementChild;
    for (const [index, view] of shown.entries()) {
      const row = this.#rows.get(view.id) ?? new Row();
      this.#rows.set(view.id, row);
      const { element, link } = row;
      element.style.top = `${(from + index) * ROW_PX}px`;
      element.setAttribute("aria-setsize", String(this.#views.length));
      element.setAttribute("aria-posinset", String(from + index + 1));
      link.tabIndex = view.id === tabStop ? 0 : -1;
      row.show({
        view,
        now,
        me: this.#options.me(),
        open: view.id === this.#open,
        online: view.peer !== undefined && this.#options.isOnline(view.peer.id),
      });
      // What is in place stays untouched: moving an element takes the focus from it.
      if (behind === element) behind = element.nextElementSibling;
      else this.#list.insertBefore(element, behind);
    }
    this.#tellInSight(shown);
  }

  #forgetBut(kept: ReadonlySet<string>): void {
    for (const [id, { element }] of this.#rows) {
      if (kept.has(id)) continue;
      element.remove();
      this.#rows.delete(id);
    }
  }

  #tellInSight(shown: readonly ConversationView[]): void {
    const ids = shown.map(({ id }) => id).sort().join();
    if (ids === this.#inSight) return;
    this.#inSight = ids;
    this.#options.inSight(shown);
  }

  #clicked(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a.row") : null;
    if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const { id } = link.dataset;
    if (id !== undefined) this.#options.open(id);
  }

  #searching(event: KeyboardEvent): void {
    if (event.key === "Escape" && this.#search.value !== "") {
      this.#search.value = "";
      this.#choose();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      this.#goTo(0);
    } else if (event.key === "Enter") {
      const first = this.#views[0];
      if (first !== undefined) this.#options.open(first.id);
    }
  }

  #walk(event: KeyboardEvent): void {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>("a.row") : null;
    const at = this.#views.findIndex(({ id }) => id === link?.dataset.id);
    const step =
      { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || at < 0) return;
    event.preventDefault();
    this.#goTo(Math.min(Math.max(0, at + step), this.#views.length - 1));
  }

  #goTo(index: number): void {
    const view = this.#views[index];
    if (view === undefined) return;
    this.#at = view.id;
    const top = index * ROW_PX;
    const { scrollTop, clientHeight } = this.#scroll;
    if (top < scrollTop) this.#scroll.scrollTop = top;
    else if (top + ROW_PX > scrollTop + clientHeight) this.#scroll.scrollTop = top + ROW_PX - clientHeight;
    this.#draw();
    this.#rows.get(view.id)?.link.focus({ preventScroll: true });
  }
}
