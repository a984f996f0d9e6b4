import { make } from "../../shell/dom.ts";
import { Blocks } from "./blocks.ts";
import { nodeOf } from "./nodes.ts";

interface Shown {
  readonly raw: string;
  readonly element: Element;
}

/** Draws a text that grows: blocks that have not changed stay the same elements, so that what is selected stays so. */
export class MarkdownText {
  readonly #element: HTMLElement;
  readonly #blocks = new Blocks();
  #shown: readonly Shown[] = [];

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** @param whole No more comes. */
  show(text: string, whole: boolean): void {
    const tokens = this.#blocks.of(text, whole).filter(({ type }) => type !== "space" && type !== "def");
    const changed = tokens.findIndex(({ raw }, index) => this.#shown[index]?.raw !== raw);
    const kept = changed === -1 ? tokens.length : changed;
    for (const { element } of this.#shown.slice(kept)) element.remove();
    const fresh = tokens.slice(kept).map((token) => {
      const node = nodeOf(token);
      const element = node instanceof Element ? node : make("p", "");
      if (node !== undefined && node !== element) element.append(node);
      return { raw: token.raw, element };
    });
    this.#element.append(...fresh.map(({ element }) => element));
    this.#shown = [...this.#shown.slice(0, kept), ...fresh];
  }
}
