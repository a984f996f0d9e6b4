import { make } from "../../shell/dom.ts";
import { dayName } from "../times.ts";
import { changeWords } from "../words.ts";
import { bubble, type BubbleOptions, looks } from "./bubble.ts";
import type { Entry } from "./entries.ts";

interface Line {
  readonly element: HTMLElement;
  readonly looks: string;
}

/** Keeps the elements of the column: what looks the same stays the same element. */
export class Lines {
  readonly #list: HTMLElement;
  readonly #lines = new Map<string, Line>();

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  get size(): number {
    return this.#lines.size;
  }

  element(key: string): HTMLElement | undefined {
    return this.#lines.get(key)?.element;
  }

  draw(entries: readonly Entry[], options: BubbleOptions, now: number): void {
    const kept = new Set(entries.map(({ key }) => key));
    for (const [key, { element }] of this.#lines) {
      if (kept.has(key)) continue;
      element.remove();
      this.#lines.delete(key);
    }
    let behind = this.#list.firstElementChild;
    for (const entry of entries) {
      const before = this.#lines.get(entry.key);
      const look = lookOf(entry, options, now);
      let element = before?.element;
      if (before === undefined || before.looks !== look) {
        element = this.#make(entry, options, now);
        if (before !== undefined) {
          if (behind === before.element) behind = element;
          before.element.replaceWith(element);
        }
        this.#lines.set(entry.key, { element, looks: look });
      }
      if (element === undefined) continue;
      if (behind === element) behind = element.nextElementSibling;
      else this.#list.insertBefore(element, behind);
    }
  }

  #make(entry: Entry, options: BubbleOptions, now: number): HTMLElement {
    const element = elementOf(entry, options, now);
    element.dataset.key = entry.key;
    return element;
  }
}

function lookOf(entry: Entry, options: BubbleOptions, now: number): string {
  switch (entry.kind) {
    case "day":
      return dayName(entry.at, now);
    case "unread":
      return "";
    case "change":
      return String(entry.shown.message.version);
    case "bubble":
      return looks(entry, options);
  }
}

function elementOf(entry: Entry, options: BubbleOptions, now: number): HTMLElement {
  switch (entry.kind) {
    case "day":
      return make("li", "day", dayName(entry.at, now));
    case "unread": {
      const line = make("li", "unread-line");
      line.append(make("span", "", "New messages"));
      return line;
    }
    case "change": {
      const { message } = entry.shown;
      const words = message.kind === "change" ? changeWords(message.change, message.sender, options.me) : "";
      const line = make("li", "change", words);
      line.dataset.seq = String(message.seq);
      return line;
    }
    case "bubble":
      return bubble(entry, options);
  }
}
