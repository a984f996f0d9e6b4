/** Mulberry32: a small seeded generator, the same numbers on every machine. Values in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return function next() {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const COMMON = ["666", "哈哈哈哈", "lol", "前方高能", "awsl", "来了来了", "gg", "nice", "泪目", "打卡"];
const SYLLABLES = [
  "主播",
  "好",
  "再来",
  "一个",
  "这",
  "波",
  "wow",
  "太",
  "强",
  "了",
  "真的",
  "吗",
  "go",
  "加油",
  "呀",
  "？",
];
const VOCABULARY = 1_000;

/**
 * What a crowd says: phrases drawn from a vocabulary of 1,000 by Zipf's law (the k-th most common has weight 1/k),
 * so that a few are said over and over and most are rare.
 */
export class Phrases {
  readonly #random: () => number;
  readonly #texts: string[] = [...COMMON];
  readonly #cumulated: number[] = [];

  constructor(seed: number) {
    this.#random = seeded(seed);
    while (this.#texts.length < VOCABULARY) this.#texts.push(this.#invent());
    let sum = 0;
    for (let rank = 1; rank <= VOCABULARY; rank++) this.#cumulated.push(sum += 1 / rank);
  }

  next(): string {
    const drawn = this.#random() * this.#cumulated.at(-1)!;
    let low = 0;
    let high = VOCABULARY - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#cumulated[middle]! < drawn) low = middle + 1;
      else high = middle;
    }
    return this.#texts[low]!;
  }

  #invent(): string {
    const length = 2 + Math.floor(this.#random() * 6);
    let text = "";
    for (let i = 0; i < length; i++) text += SYLLABLES[Math.floor(this.#random() * SYLLABLES.length)];
    return text;
  }
}
