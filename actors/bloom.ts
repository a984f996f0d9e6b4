import { hash32 } from "./runtime/shard.ts";

const BITS_PER_KEY = 16;
const HASHES = 7;
const LEAST = 65_536;

/**
 * Bloom filter (Bloom 1970) that grows by adding layers of double capacity. With 16 bits a key and 7 hashes a layer
 * answers wrongly "maybe" for under 0.1 % of unknown keys; it never answers wrongly "no".
 */
export class BloomFilter {
  readonly #layers: { readonly words: Uint32Array; readonly capacity: number; count: number }[] = [];

  /** @param capacity How many keys the first layer is for. */
  constructor(capacity = LEAST) {
    this.#grow(Math.max(LEAST, capacity));
  }

  /** Keys that were added. One that was there already counts only if the filter cannot tell: no more than were added. */
  get size(): number {
    return this.#layers.reduce((sum, { count }) => sum + count, 0);
  }

  get layers(): number {
    return this.#layers.length;
  }

  add(key: string): void {
    if (this.mayHave(key)) return;
    let layer = this.#layers.at(-1)!;
    if (layer.count >= layer.capacity) layer = this.#grow(layer.capacity * 2);
    layer.count++;
    const [a, b] = hashes(key);
    const bits = layer.words.length * 32;
    for (let i = 0; i < HASHES; i++) {
      const bit = (a + Math.imul(i, b) >>> 0) % bits;
      layer.words[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  mayHave(key: string): boolean {
    const [a, b] = hashes(key);
    return this.#layers.some(({ words }) => {
      const bits = words.length * 32;
      for (let i = 0; i < HASHES; i++) {
        const bit = (a + Math.imul(i, b) >>> 0) % bits;
        if ((words[bit >>> 5]! & 1 << (bit & 31)) === 0) return false;
      }
      return true;
    });
  }

  #grow(capacity: number) {
    const layer = { words: new Uint32Array(Math.ceil(capacity * BITS_PER_KEY / 32)), capacity, count: 0 };
    this.#layers.push(layer);
    return layer;
  }
}

/**
 * Double hashing (Kirsch and Mitzenmacher 2006): two hashes serve for all seven. The two must not follow from each
 * other, nor may their low bits, which alone choose the bit; hence the second start and the finish.
 */
function hashes(key: string): [number, number] {
  return [mix32(hash32(key)), (mix32(hash32(`#${key}`)) | 1) >>> 0];
}

/** Lets every bit of the input reach every bit of the output (Appleby, MurmurHash3 fmix32). */
function mix32(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
