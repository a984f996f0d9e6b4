/**
 * Shorter repetitions are taken for chance: "because" after "because" may be meant. In bytes of letters and digits, for
 * indentation and tables repeat themselves: four Chinese characters.
 */
const OVERLAP_MIN_BYTES = 12;
const NO_WORD = /[^\p{L}\p{N}]+/gu;

const bytes = new TextEncoder();

/**
 * Joins a continuation to the text it continues: models like to begin with the last words again. The first characters
 * are held back until it is plain what is repeated; the longest beginning that the text ends with is cut.
 */
export class Seam {
  readonly #tail: string;
  readonly #holdBack: number;
  #held: string | undefined = "";

  /** @param holdBack Characters. */
  constructor(partial: string, holdBack: number) {
    this.#tail = partial.slice(Math.max(0, partial.length - holdBack));
    this.#holdBack = holdBack;
  }

  /** What may be shown now. */
  take(text: string): string {
    if (this.#held === undefined) return text;
    this.#held += text;
    return this.#held.length < this.#holdBack ? "" : this.end();
  }

  /** The stream broke off: what may be the beginning of a repetition is left out, and said again by the next one. */
  broken(): string {
    if (!this.#tail.includes(this.#held ?? "")) return this.end();
    this.#held = undefined;
    return "";
  }

  /** The stream is over: nothing has to be held back any more. */
  end(): string {
    const held = this.#held ?? "";
    this.#held = undefined;
    return held.slice(overlap(this.#tail, held));
  }
}

/**
 * Characters of the longest beginning of `head` that `tail` ends with, if it is too long for chance; beginning with all
 * there is again is none either, however short.
 */
export function overlap(tail: string, head: string): number {
  for (let length = Math.min(tail.length, head.length); length > 0; length--) {
    const repeated = head.slice(0, length);
    if (!tail.endsWith(repeated)) continue;
    const said = repeated.replaceAll(NO_WORD, "");
    const meant = length < tail.length && bytes.encode(said).length < OVERLAP_MIN_BYTES;
    return meant ? 0 : length;
  }
  return 0;
}
