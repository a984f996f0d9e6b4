import { showAvatar } from "../../shell/avatar.ts";
import { make } from "../../shell/dom.ts";

export interface Mentionable {
  readonly id: string;
  readonly name: string;
  readonly assistant: boolean;
}

const SHOWN_MAX = 6;

/** Offers the members of a group behind an `@`, and knows afterwards who is named in the text. */
export class MentionBox {
  readonly #box: HTMLElement;
  readonly #input: HTMLTextAreaElement;
  readonly #people: () => Promise<readonly Mentionable[]>;
  /** Who was chosen, by the words that stand for him. */
  readonly #named = new Map<string, string>();
  #shown: readonly Mentionable[] = [];
  #assistant: Mentionable | undefined;
  #at = 0;

  constructor(box: HTMLElement, input: HTMLTextAreaElement, people: () => Promise<readonly Mentionable[]>) {
    this.#box = box;
    this.#input = input;
    this.#people = people;
    // The text keeps the focus.
    box.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const item = event.target instanceof Element
        ? event.target.closest<HTMLElement>("[role=option]")
        : null;
      if (item !== null) this.#choose(Number(item.dataset.index));
    });
  }

  /** Of those who are still named. */
  mentions(text: string): readonly string[] {
    const named = [...this.#named].filter(([words]) => text.includes(words)).map(([, id]) => id);
    // Written out instead of chosen, its name means it all the same.
    const { name, id } = this.#assistant ?? {};
    const meant = name !== undefined && text.toLowerCase().includes(`@${name.toLowerCase()}`);
    return meant && id !== undefined && !named.includes(id) ? [...named, id] : named;
  }

  clear(): void {
    this.#named.clear();
    this.#close();
  }

  async typed(): Promise<void> {
    const wanted = this.#wanted();
    if (wanted === undefined) return this.#close();
    const people = await this.#people();
    this.#assistant = people.find(({ assistant }) => assistant);
    if (this.#wanted() !== wanted) return;
    const begin = wanted.toLowerCase();
    this.#shown = people.filter(({ name }) => name.toLowerCase().includes(begin)).slice(0, SHOWN_MAX);
    this.#at = 0;
    this.#draw();
  }

  /** Whether the key was meant for the box. */
  key(event: KeyboardEvent): boolean {
    if (this.#box.hidden) return false;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        this.#at = (this.#at + (event.key === "ArrowDown" ? 1 : -1) + this.#shown.length) %
          this.#shown.length;
        this.#draw();
        break;
      case "Enter":
      case "Tab":
        this.#choose(this.#at);
        break;
      case "Escape":
        this.#close();
        break;
      default:
        return false;
    }
    event.preventDefault();
    return true;
  }

  /** What stands between an `@` and the caret. */
  #wanted(): string | undefined {
    const { value, selectionStart } = this.#input;
    return /(?:^|\s)@([^\s@]{0,32})$/.exec(value.slice(0, selectionStart))?.[1];
  }

  #choose(index: number): void {
    const person = this.#shown[index];
    const wanted = this.#wanted();
    if (person === undefined || wanted === undefined) return;
    const { selectionStart } = this.#input;
    const words = `@${person.name}`;
    this.#named.set(words, person.id);
    this.#input.setRangeText(`${words} `, selectionStart - wanted.length - 1, selectionStart, "end");
    this.#close();
    this.#input.dispatchEvent(new Event("input"));
  }

  #close(): void {
    this.#shown = [];
    this.#draw();
  }

  #draw(): void {
    this.#box.hidden = this.#shown.length === 0;
    this.#input.setAttribute("aria-expanded", String(!this.#box.hidden));
    if (this.#box.hidden) this.#input.removeAttribute("aria-activedescendant");
    else this.#input.setAttribute("aria-activedescendant", `mention-${this.#at}`);
    this.#box.replaceChildren(...this.#shown.map(({ name, assistant }, index) => {
      const item = make("li", "mention");
      item.id = `mention-${index}`;
      item.dataset.index = String(index);
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", String(index === this.#at));
      const face = make("span", "avatar");
      face.setAttribute("aria-hidden", "true");
      showAvatar(face, name);
      item.append(face, make("span", "mention-name", name));
      if (assistant) item.append(make("span", "role-badge", "AI"));
      return item;
    }));
  }
}
