import { Lexer, type Token } from "marked";

/** So many blocks at the end may still become others when more text comes, as a list goes on behind an empty line. */
const OPEN_MAX = 3;
/** Longer paragraphs stay as they are written: the time to look for what is bold grows with the square of their length. */
const INLINE_MAX = 4_000;
/** Quotes and lists in one another, deeper than anybody reads; each level is a call in a call. */
const DEEP = /^[ \t]*(?:>[ \t]*|[-*+][ \t]+|\d{1,9}[.)][ \t]+){24}/m;

/** The blocks of a text that grows: only its end is read again. */
export class Blocks {
  #text = "";
  /** Blocks that stay as they are, and how much of the text they are. */
  #settled: readonly Token[] = [];
  #settledLength = 0;

  /** @param whole No more text comes: all of it is read, so that definitions at the end count as well. */
  of(text: string, whole: boolean): readonly Token[] {
    if (whole || !text.startsWith(this.#text)) {
      this.#settled = [];
      this.#settledLength = 0;
    }
    this.#text = text;
    const open = blocksOf(text.slice(this.#settledLength));
    const blocks = [...this.#settled, ...open];
    const settling = open.slice(0, Math.max(0, open.length - OPEN_MAX));
    const length = settling.reduce((sum, { raw }) => sum + raw.length, 0);
    // The lexer leaves no character out but where it evens line ends; then nothing is taken for settled.
    if (text.startsWith(settling.map(({ raw }) => raw).join(""), this.#settledLength)) {
      this.#settled = blocks.slice(0, this.#settled.length + settling.length);
      this.#settledLength += length;
    }
    return blocks;
  }
}

/** As `lexer` does it, but in bounded time and depth; what is beyond is shown as it is written. */
function blocksOf(text: string): readonly Token[] {
  const plain = [{ type: "plain", raw: text }];
  if (DEEP.test(text)) return plain;
  try {
    const lexer = new Lexer();
    const tokens = lexer.blockTokens(text.replaceAll(/\r\n|\r/g, "\n"), lexer.tokens);
    for (const { src, tokens } of lexer.inlineQueue) {
      if (src.length > INLINE_MAX) tokens.push({ type: "plain", raw: src });
      else lexer.inlineTokens(src, tokens);
    }
    return tokens;
  } catch (error) {
    if (error instanceof RangeError) return plain;
    throw error;
  }
}
