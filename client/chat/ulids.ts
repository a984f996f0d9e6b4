const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/** Ids that grow, also when the clock stands or is set back (github.com/ulid/spec, monotonic). */
export class Ulids {
  readonly #now: () => number;
  #last = "";

  /** @param now In milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  next(): string {
    const fresh = timeDigits(this.#now()) + randomDigits();
    this.#last = fresh > this.#last ? fresh : successor(this.#last);
    return this.#last;
  }

  /** What comes next is greater than this one. */
  follow(id: string): void {
    if (id > this.#last) this.#last = id;
  }
}

function timeDigits(ms: number): string {
  let digits = "";
  for (let rest = Math.floor(ms); digits.length < TIME_DIGITS; rest = Math.floor(rest / 32)) {
    digits = DIGITS[rest % 32] + digits;
  }
  return digits;
}

function randomDigits(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_DIGITS));
  return Array.from(bytes, (byte) => DIGITS[byte % 32]).join("");
}

function successor(id: string): string {
  const end = id.search(/[^Z]Z*$/);
  return id.slice(0, end) + DIGITS[DIGITS.indexOf(id[end]!) + 1] + "0".repeat(id.length - end - 1);
}
