/** Draws ranks 0..size-1 with probability proportional to 1 / (rank + 1)^exponent. */
export class Zipf {
  readonly #upTo: readonly number[];

  constructor(size: number, exponent = 1.05) {
    let sum = 0;
    this.#upTo = Array.from({ length: size }, (_, rank) => sum += 1 / (rank + 1) ** exponent);
  }

  draw(random: () => number): number {
    const target = random() * this.#upTo.at(-1)!;
    let [low, high] = [0, this.#upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#upTo[middle]! < target) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
