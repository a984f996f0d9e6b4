import type { Token, Tokens } from "marked";
import { make } from "../../shell/dom.ts";
import { codeBlock } from "./code_block.ts";

const HEADINGS = ["h3", "h4", "h5", "h6"] as const;
/** What a text may lead to; anything else stays words. */
const OUTWARD = /^https?:/i;

/**
 * Elements for what the lexer has found, each made by name. Markup in the text is text here, and nothing is fetched from
 * elsewhere: a picture is a link to it.
 */
export function nodesOf(tokens: readonly Token[]): Node[] {
  return tokens.flatMap((token) => nodeOf(token) ?? []);
}

export function nodeOf(token: Token): Node | undefined {
  const known = token as Tokens.Generic;
  switch (token.type) {
    case "space":
    case "def":
      return undefined;
    case "heading":
      return holding(HEADINGS[Math.min(3, known.depth - 1)] ?? "h6", known.tokens);
    case "paragraph":
      return holding("p", known.tokens);
    case "blockquote":
      return holding("blockquote", known.tokens);
    case "strong":
      return holding("strong", known.tokens);
    case "em":
      return holding("em", known.tokens);
    case "del":
      return holding("s", known.tokens);
    case "hr":
      return document.createElement("hr");
    case "br":
      return document.createElement("br");
    case "codespan":
      return make("code", "", known.text);
    case "code":
      return codeBlock(known.text, known.lang ?? "");
    case "list":
      return listOf(token as Tokens.List);
    case "table":
      return tableOf(token as Tokens.Table);
    case "link":
      return linkOf(known.href, nodesOf(known.tokens ?? []));
    case "image":
      return linkOf(known.href, [known.text === "" ? "picture" : known.text]);
    case "checkbox":
      return document.createTextNode(known.checked === true ? "☑ " : "☐ ");
    case "escape":
      return document.createTextNode(known.text);
    case "text":
      if (known.tokens !== undefined) return fragment(nodesOf(known.tokens));
      return document.createTextNode(unescaped(known.text));
    default:
      return document.createTextNode(token.raw);
  }
}

function holding(tag: keyof HTMLElementTagNameMap, tokens: readonly Token[] = []): HTMLElement {
  const element = document.createElement(tag);
  element.append(...nodesOf(tokens));
  return element;
}

function fragment(nodes: readonly Node[]): Node {
  const all = document.createDocumentFragment();
  all.append(...nodes);
  return all;
}

function listOf({ ordered, start, items }: Tokens.List): HTMLElement {
  const list = document.createElement(ordered ? "ol" : "ul");
  if (list instanceof HTMLOListElement && typeof start === "number") list.start = start;
  for (const { tokens } of items) list.append(holding("li", tokens));
  return list;
}

function tableOf({ header, rows }: Tokens.Table): HTMLElement {
  const table = document.createElement("table");
  const row = (cells: readonly Tokens.TableCell[], tag: "th" | "td") => {
    const line = document.createElement("tr");
    for (const { tokens, align } of cells) {
      const cell = holding(tag, tokens);
      if (align !== null) cell.dataset.align = align;
      line.append(cell);
    }
    return line;
  };
  const [head, body] = [table.createTHead(), table.createTBody()];
  head.append(row(header, "th"));
  body.append(...rows.map((cells) => row(cells, "td")));
  // A wide one scrolls by itself.
  const box = make("div", "wide-table");
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "Table");
  box.append(table);
  return box;
}

function linkOf(href: string, inside: readonly (Node | string)[]): Node {
  if (!OUTWARD.test(href) || !URL.canParse(href)) return fragment([...inside].map(textual));
  const link = document.createElement("a");
  link.href = href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow ugc";
  link.append(...inside);
  return link;
}

function textual(one: Node | string): Node {
  return typeof one === "string" ? document.createTextNode(one) : one;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  nbsp: "\u00a0",
};

/** The lexer leaves these to the browser, which reads none of this. */
function unescaped(text: string): string {
  return text.replaceAll(/&(amp|lt|gt|quot|nbsp);/g, (all, name: string) => ENTITIES[name] ?? all);
}
