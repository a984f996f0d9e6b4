import type { SayStyle } from "protocol/items.ts";
import type { Bot } from "./bot.ts";
import { CLIMAX, COLORS, PHRASES, pick, rareLine } from "./phrases.ts";
import type { Beat } from "./rhythm.ts";
import { Zipf } from "./zipf.ts";

const RARE = 0.16;
const COLORED = 0.28;

/** What a room full of people says, moment by moment. */
export class Crowd {
  readonly #bots: readonly Bot[];
  readonly #random: () => number;
  readonly #zipf = new Zipf(PHRASES.length);
  #owed = 0;

  constructor(bots: readonly Bot[], random: () => number = Math.random) {
    this.#bots = bots;
    this.#random = random;
  }

  /** Says as much as the beat asks for in `ms`; what nobody may say is left unsaid. */
  speak(beat: Beat, ms: number, climax: number): void {
    this.#owed += (beat.rate * ms) / 1_000;
    for (; this.#owed >= 1; this.#owed--) {
      const text = this.#phrase(beat, climax);
      const style = this.#style(text);
      for (let tries = 0; tries < 4; tries++) {
        if (pick(this.#bots, Math.floor(this.#random() * this.#bots.length)).say(text, style)) break;
      }
    }
  }

  #phrase({ excitement }: Beat, climax: number): string {
    if (this.#random() < excitement * 0.85) return pick(CLIMAX, climax + Math.floor(this.#random() * 2));
    if (this.#random() < RARE) return rareLine(this.#random);
    return PHRASES[this.#zipf.draw(this.#random)]!;
  }

  #style(text: string): SayStyle {
    const color = this.#random() < COLORED && pick(COLORS, text.length + Math.floor(this.#random() * 3));
    const place = this.#random();
    const position = place < 0.012 ? "top" : place < 0.02 ? "bottom" : undefined;
    return { ...(color && { color }), ...(position && { position }) };
  }
}
