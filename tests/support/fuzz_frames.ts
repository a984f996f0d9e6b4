import type { Codec, Frame } from "protocol/codec.ts";
import { METHODS } from "protocol/methods.ts";

/** Mulberry32: the same choices for the same seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * bound);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/** What the valid frames are made of. */
export interface Vocabulary {
  readonly rooms: readonly string[];
  readonly tokens: readonly string[];
}

const NASTY: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 63),
  "",
  "\u0000",
  "\u202e\u200b",
  "Z̸̡̢̛̗̘",
  "x".repeat(300),
  "__proto__",
  "constructor",
  [],
  {},
  [[[[]]]],
  { a: { b: { c: {} } } },
  { toString: 1, then: "x" },
];

/** Frames that are valid, nearly valid, or nothing at all; most of the second kind. */
export class FrameFuzzer {
  readonly #chance: Chance;
  readonly #codec: Codec;
  readonly #words: Vocabulary;
  #ids = 0;

  constructor(chance: Chance, codec: Codec, words: Vocabulary) {
    this.#chance = chance;
    this.#codec = codec;
    this.#words = words;
  }

  next(): Frame {
    switch (this.#chance.below(10)) {
      case 0:
        return this.#garbage(this.#chance.below(200));
      case 1:
        return this.#damage(this.#codec.encode(this.#call()));
      case 2:
        return this.#codec.encode(Array.from({ length: this.#chance.below(18) }, () => this.#mostlyValid()));
      case 3:
      case 4:
      case 5:
        return this.#codec.encode(this.#twist(this.#call()));
      case 6:
        return this.#rarely(() => this.#garbage(5_000 + this.#chance.below(5_000)));
      default:
        return this.#codec.encode(this.#call());
    }
  }

  #rarely(make: () => Frame): Frame {
    return this.#chance.below(50) === 0 ? make() : this.#codec.encode(this.#call());
  }

  #mostlyValid(): unknown {
    return this.#chance.below(8) === 0 ? this.#twist(this.#call()) : this.#call();
  }

  #call(): Record<string, unknown> {
    const method = this.#chance.of(Object.keys(METHODS));
    const envelope = { jsonrpc: "2.0", method, params: this.#params(method) };
    return this.#chance.below(6) === 0 ? envelope : { ...envelope, id: this.#id() };
  }

  #id(): string | number {
    return this.#chance.below(2) === 0 ? ++this.#ids : `id ${++this.#ids}`;
  }

  #params(method: string): Record<string, unknown> {
    const room = this.#chance.of(this.#words.rooms);
    switch (method) {
      case "session.hello":
        return { token: this.#chance.of(this.#words.tokens) };
      case "session.ping":
        return {};
      case "room.join":
        return this.#chance.below(2) === 0
          ? { room }
          : { room, resume: { epoch: 1, offset: this.#chance.below(50) } };
      case "room.say":
        return { room, text: `text ${this.#chance.below(20)}`, style: { color: "#33ccff" } };
      default:
        return { room };
    }
  }

  /** Puts something nasty in the place of one value, drops it, or adds one. */
  #twist(value: Record<string, unknown>): unknown {
    if (this.#chance.below(30) === 0) return this.#chance.of(NASTY);
    const copy: Record<string, unknown> = structuredClone(value);
    const inner = copy["params"] as Record<string, unknown>;
    const target = this.#chance.below(2) === 0 ? copy : inner;
    const key = this.#chance.of(Object.keys(target).concat("extra"));
    if (this.#chance.below(4) === 0) delete target[key];
    else target[key] = this.#chance.of(NASTY);
    return copy;
  }

  /** Changes, removes or repeats some of the bytes or characters. */
  #damage(frame: Frame): Frame {
    if (typeof frame === "string") {
      const at = this.#chance.below(frame.length);
      const to = at + this.#chance.below(6);
      const middle = this.#chance.of(["", '"', "}", "[", "\\", "0", "\u0000", frame.slice(at, to).repeat(2)]);
      return frame.slice(0, at) + middle + frame.slice(to);
    }
    const copy = frame.slice(
      0,
      this.#chance.below(8) === 0 ? this.#chance.below(frame.length) : frame.length,
    );
    for (let n = this.#chance.below(4); n >= 0 && copy.length > 0; n--) {
      copy[this.#chance.below(copy.length)] = this.#chance.below(256);
    }
    return copy;
  }

  #garbage(length: number): Frame {
    const bytes = Uint8Array.from({ length }, () => this.#chance.below(256));
    if (this.#chance.below(10) === 0) return bytes;
    return this.#codec.name === "json" ? String.fromCharCode(...bytes) : bytes;
  }
}
