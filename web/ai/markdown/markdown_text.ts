import type { Token } from "marked";
import { make } from "../../shell/dom.ts";
import { Blocks } from "./blocks.ts";
import { retellCode } from "./code_block.ts";
import { nodeOf } from "./nodes.ts";

interface Shown {
  readonly token: Token;
  readonly element: Element;
}

/** Draws a text that grows: blocks that have not changed stay the same elements, so that what is selected stays so. */
export class MarkdownText {
  readonly #element: HTMLElement;
  readonly #blocks = new Blocks();
  #shown: readonly Shown[] = [];
  #text = "";
  #whole = false;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  /** @param whole No more comes. */
  show(text: string, whole: boolean): void {
    if (text === this.#text && whole === this.#whole) return;
    this.#text = text;
    this.#whole = whole;
    const tokens = this.#blocks.of(text, whole).filter(({ type }) => type !== "space" && type !== "def");
    const kept: Shown[] = [];
    for (const [index, token] of tokens.entries()) {
      const before = this.#shown[index];
      if (before === undefined || !staysAs(before, token)) break;
      kept.push({ token, element: before.element });
    }
    for (const { element } of this.#shown.slice(kept.length)) element.remove();
    const fresh = tokens.slice(kept.length).map((token) => ({ token, element: elementOf(token) }));
    this.#element.append(...fresh.map(({ element }) => element));
    this.#shown = [...kept, ...fresh];
  }
}

/** Whether the element shows the token, too, or can be made to. */
function staysAs({ token: before, element }: Shown, token: Token): boolean {
  if (before.raw === token.raw && before.type === token.type) return true;
  if (before.type !== "code" || token.type !== "code" || before.lang !== token.lang) return false;
  retellCode(element, token.text);
  return true;
}

function elementOf(token: Token): Element {
  const node = nodeOf(token);
  if (node instanceof Element) return node;
  const element = make("p", "");
  if (node !== undefined) element.append(node);
  return element;
}
