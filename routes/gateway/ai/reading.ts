import type { AiDelta, AiDone, AiPlace, AnswerView } from "protocol/ai.ts";
import type { AnswerNotice } from "./answer_notice.ts";

/** Whoever is told how an answer goes on: a socket, or a stream over HTTP. Must not throw. */
export interface AnswerReader {
  /** `notice` is what is to be sent as it is; without it `delta` is. */
  delta(delta: () => AiDelta, notice: AnswerNotice | undefined): void;
  resumed(attempt: number, offset: number): void;
  progress(percent: number): void;
  place(place: AiPlace): void;
  /** Nothing comes after it. */
  done(done: AiDone): void;
}

type Life =
  /** What comes before the view has been sent waits. */
  | { readonly phase: "joining"; readonly waiting: AnswerNotice[] }
  | { readonly phase: "live" }
  | { readonly phase: "over" };

/** Events that wait for the view; what does not fit is found missing and asked for. */
const WAITING_MAX = 256;

/** What one reader has of an answer, so that each character reaches him once and none is missed. */
export class Reading {
  readonly #reader: AnswerReader;
  readonly #answer: string;
  readonly #onGap: (reading: Reading) => void;
  #life: Life = { phase: "joining", waiting: [] };
  #attempt = 0;
  #offset = 0;

  constructor(answer: string, reader: AnswerReader, onGap: (reading: Reading) => void) {
    this.#answer = answer;
    this.#reader = reader;
    this.#onGap = onGap;
  }

  get live(): boolean {
    return this.#life.phase === "live";
  }

  get over(): boolean {
    return this.#life.phase === "over";
  }

  get attempt(): number {
    return this.#attempt;
  }

  get offset(): number {
    return this.#offset;
  }

  /** The view is on the wire: what came meanwhile and is newer follows. */
  begin(view: AnswerView): void {
    if (this.#life.phase !== "joining") return;
    const { waiting } = this.#life;
    this.#attempt = view.attempt;
    this.#offset = view.offset + view.text.length;
    this.#life = { phase: "live" };
    if (isOver(view)) return this.#end(doneOf(view));
    for (const notice of waiting) this.take(notice);
  }

  take(notice: AnswerNotice): void {
    switch (this.#life.phase) {
      case "joining":
        if (this.#life.waiting.push(notice) > WAITING_MAX) this.#life.waiting.shift();
        return;
      case "over":
        return;
      case "live":
        return this.#read(notice);
    }
  }

  /**
   * What an answer that was asked again says: brings the reader to where it stands. Events have gone on meanwhile; a view
   * from before them, or from behind where he stands, says nothing.
   */
  catchUp(view: AnswerView): void {
    if (this.#life.phase !== "live" || view.attempt < this.#attempt) return;
    const length = view.offset + view.text.length;
    const another = view.attempt > this.#attempt;
    if (!another && view.offset > this.#offset) return;
    // What has ended and is shorter was taken back.
    if (another || (isOver(view) && length < this.#offset)) {
      this.#cut(view.attempt, Math.min(view.offset, length));
    }
    if (length > this.#offset) this.#pass(view.text.slice(this.#offset - view.offset));
    if (isOver(view)) this.#end(doneOf(view));
  }

  place(place: AiPlace): void {
    if (this.#life.phase === "live") this.#reader.place(place);
  }

  leave(): void {
    this.#life = { phase: "over" };
  }

  #read(notice: AnswerNotice): void {
    if (notice.attempt < this.#attempt) return;
    switch (notice.kind) {
      case "delta":
        return this.#delta(notice);
      case "resumed":
        // The view, or the event itself, has told that already; only a text that is taken back begins anew in an attempt.
        if (notice.attempt === this.#attempt && notice.offset > 0) return;
        // An attempt between that he was not told of may have changed what is before the offset.
        if (notice.offset > 0 && notice.attempt > this.#attempt + 1) return this.#onGap(this);
        if (notice.offset > this.#offset) return this.#onGap(this);
        return this.#cut(notice.attempt, notice.offset);
      case "progress":
        return this.#reader.progress(notice.params<{ percent: number }>().percent);
      case "done": {
        // Nothing was shown, whatever attempts there were.
        const nothing = notice.offset === 0 && this.#offset === 0;
        const all = notice.attempt === this.#attempt && notice.offset === this.#offset;
        return all || nothing ? this.#end(notice.params<AiDone>()) : this.#onGap(this);
      }
    }
  }

  #delta(notice: AnswerNotice): void {
    // Nothing had been shown when the attempts before this one failed.
    if (this.#offset === 0 && notice.offset === 0) this.#attempt = notice.attempt;
    if (notice.attempt > this.#attempt || notice.offset > this.#offset) return this.#onGap(this);
    if (notice.end <= this.#offset) return;
    if (notice.offset === this.#offset) {
      this.#offset = notice.end;
      return this.#reader.delta(() => notice.params<AiDelta>(), notice);
    }
    this.#pass(notice.params<AiDelta>().text.slice(this.#offset - notice.offset));
  }

  #cut(attempt: number, offset: number): void {
    const nothing = offset === 0 && this.#offset === 0;
    this.#attempt = attempt;
    this.#offset = offset;
    if (!nothing) this.#reader.resumed(attempt, offset);
  }

  #pass(text: string): void {
    const delta = { answer: this.#answer, attempt: this.#attempt, offset: this.#offset, text };
    this.#offset += text.length;
    this.#reader.delta(() => delta, undefined);
  }

  #end(done: AiDone): void {
    this.#life = { phase: "over" };
    this.#reader.done(done);
  }
}

export function isOver({ state }: AnswerView): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function doneOf(view: AnswerView): AiDone {
  const { answer, attempt, offset, text, state, reason, usage, files, error, endedAt } = view;
  return {
    ...{ answer, attempt, offset: offset + text.length, state: state as AiDone["state"] },
    ...(reason === undefined ? {} : { reason }),
    ...(usage === undefined ? {} : { usage }),
    ...(files === undefined ? {} : { files }),
    ...(error === undefined ? {} : { error }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}
