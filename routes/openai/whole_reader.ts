import type { AiDelta, AiDone } from "protocol/ai.ts";
import type { AnswerReader } from "../gateway/ai/reading.ts";

/** Waits for the whole answer. */
export class WholeReader implements AnswerReader {
  readonly ended: Promise<{ readonly text: string; readonly done: AiDone }>;
  #text = "";
  #resolve!: (end: { readonly text: string; readonly done: AiDone }) => void;

  constructor() {
    this.ended = new Promise((resolve) => this.#resolve = resolve);
  }

  delta(delta: () => AiDelta): void {
    this.#text += delta().text;
  }

  resumed(_attempt: number, offset: number): void {
    this.#text = this.#text.slice(0, offset);
  }

  progress(): void {}

  place(): void {}

  /** What was there when it joined. */
  begin(text: string): void {
    this.#text = text;
  }

  done(done: AiDone): void {
    this.#resolve({ text: this.#text, done });
  }
}
