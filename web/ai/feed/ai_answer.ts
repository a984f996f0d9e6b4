import { type Barrage, BarrageCallError } from "client/mod.ts";
import type { AnswerView } from "protocol/ai.ts";
import { caughtUp, type FollowedText, heard, isOver, type Notice } from "./followed_answer.ts";

const AGAIN_MS = 1_000;

/** An answer as it comes; it goes on over lost connections from where it was. */
export class AiAnswer {
  readonly #barrage: Barrage;
  readonly #left: (answer: AiAnswer) => void;
  readonly #listeners = new Set<() => void>();
  #now: FollowedText;
  #asking = false;
  #askAgain = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param left Told when nothing more is wanted of it. */
  constructor(barrage: Barrage, view: AnswerView, left: (answer: AiAnswer) => void) {
    this.#barrage = barrage;
    this.#now = { view, seams: [] };
    this.#left = left;
  }

  get id(): string {
    return this.view.answer;
  }

  /** Where it stands, with its whole text; another object whenever that changes. */
  get view(): AnswerView {
    return this.#now.view;
  }

  get seams(): readonly number[] {
    return this.#now.seams;
  }

  get isOver(): boolean {
    return isOver(this.view);
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async cancel(): Promise<void> {
    await this.#barrage.call("ai.cancel", { answer: this.id }, { repeatable: true });
  }

  /** Reads no further; the answer goes on without this reader for a while. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#left(this);
    if (this.isOver) return;
    this.#barrage.call("ai.unfollow", { answer: this.id }).catch((error: unknown) =>
      console.info("Cannot tell that an answer is not read any more", error)
    );
  }

  take(notice: Notice): void {
    const next = heard(this.#now, notice);
    if (next === undefined) this.follow();
    else this.#set(next);
  }

  /** From what is here on; once more when it was asked for meanwhile. */
  follow(): void {
    if (this.#closed || this.isOver) return;
    if (this.#asking) return void (this.#askAgain = true);
    clearTimeout(this.#timer);
    this.#asking = true;
    this.#catchUp().catch((error: unknown) => this.#failed(error)).finally(() => {
      this.#asking = false;
      const again = this.#askAgain;
      this.#askAgain = false;
      if (again) this.follow();
    });
  }

  async #catchUp(): Promise<void> {
    const ask = (from: number) =>
      this.#barrage.call("ai.follow", { answer: this.id, from }, { repeatable: true });
    let next = caughtUp(this.#now, await ask(this.view.text.length));
    // By another attempt: from where on it differs is not known here.
    next ??= caughtUp(this.#now, await ask(0));
    if (next !== undefined) this.#set(next);
  }

  #failed(error: unknown): void {
    if (!(error instanceof BarrageCallError)) throw error;
    if (error.reason === "not_found" || error.reason === "forbidden") {
      const { reason, message } = error;
      const view = { ...this.view, state: "failed" as const, error: { reason, message } };
      return this.#set({ ...this.#now, view });
    }
    this.#timer = setTimeout(() => this.follow(), error.retryAfterMs ?? AGAIN_MS);
  }

  #set(next: FollowedText): void {
    if (next === this.#now || this.#closed) return;
    this.#now = next;
    if (this.isOver) this.#left(this);
    for (const listener of this.#listeners) listener();
  }
}
