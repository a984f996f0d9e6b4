import type { AnswerView } from "protocol/ai.ts";
import { defer, type Deferred } from "../deferred.ts";
import { Emitter } from "../emitter.ts";
import { BarrageCallError } from "../errors.ts";
import type { AiAnswer, AiAnswerEvents, AiAnswerState, AiPiece } from "./ai.ts";
import {
  type AnswerNotice,
  caughtUp,
  followed,
  type FollowedAnswer,
  heard,
  isOver,
} from "./followed_answer.ts";

export interface HandleEvents {
  /** Something is missing: the server is to be asked where the answer stands. */
  gap(handle: AnswerHandle): void;
  cancel(handle: AnswerHandle): Promise<void>;
  /** Over, or not to be read any further. */
  left(handle: AnswerHandle, over: boolean): void;
}

/** An answer as somebody reads it; each piece has to fit behind what is there, or is asked for again. */
export class AnswerHandle implements AiAnswer {
  id: string;
  thread: string | undefined;
  readonly #events = new Emitter<AiAnswerEvents>();
  readonly #owner: HandleEvents;
  readonly #asked = defer<AnswerView>();
  #now: FollowedAnswer | undefined;
  #state: AiAnswerState = { status: "asking" };

  constructor(id: string, owner: HandleEvents, known?: AnswerView) {
    this.id = id;
    this.#owner = owner;
    // A part of the text is no beginning.
    if (known === undefined || known.offset > 0) return;
    this.#now = followed(known);
    this.#state = stateOf(known);
    this.#asked.resolve(known);
  }

  get text(): string {
    return this.#now?.view.text ?? "";
  }

  get state(): AiAnswerState {
    return this.#state;
  }

  get view(): AnswerView | undefined {
    return this.#now?.view;
  }

  get seams(): readonly number[] {
    return this.#now?.seams ?? [];
  }

  get over(): boolean {
    const { status } = this.#state;
    return status === "done" || status === "failed" || status === "cancelled";
  }

  on<Name extends keyof AiAnswerEvents>(
    name: Name,
    listener: (...args: AiAnswerEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  asked(): Promise<AnswerView> {
    return this.#asked.promise;
  }

  async whole(): Promise<string> {
    for await (const _ of this);
    if (this.#state.status === "done") return this.text;
    throw new BarrageCallError("gone", "Cannot read the whole answer: it was cancelled");
  }

  async cancel(): Promise<void> {
    if (!this.over) await this.#owner.cancel(this);
  }

  leave(): void {
    if (this.over) return;
    this.#asked.reject(new BarrageCallError("gone", "The answer is not read any more"));
    this.#enter({ status: "cancelled" });
    this.#owner.left(this, false);
  }

  fail(error: BarrageCallError): void {
    if (this.over) return;
    this.#asked.reject(error);
    const { reason, message } = error;
    if (this.#now !== undefined) {
      const { view, seams } = this.#now;
      this.#now = {
        view: { ...view, state: "failed", error: { reason, message } },
        ...{ seams, fresh: view.text.length },
      };
    }
    this.#enter({ status: "failed", error });
    this.#owner.left(this, true);
  }

  /** Where the answer stands, from some offset on; false when that says too little. */
  stands(told: AnswerView): boolean {
    if (this.over) return true;
    const next = this.#now === undefined ? followed(told) : caughtUp(this.#now, told);
    if (next === undefined) return false;
    this.#set(next);
    this.#asked.resolve(next.view);
    return true;
  }

  take(notice: AnswerNotice): void {
    if (this.over) return;
    // What follows the view has been sent behind it, but may be here before the view is looked at.
    const next = this.#now === undefined ? undefined : heard(this.#now, notice);
    if (next === undefined) this.#owner.gap(this);
    else this.#set(next);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AiPiece> {
    let shown = 0;
    let cut = false;
    let news: Deferred<void> = defer();
    const tell = () => {
      news.resolve();
      news = defer();
    };
    const stops = [
      this.on("text", ({ offset }) => {
        if (offset < shown) {
          shown = offset;
          cut = true;
        }
        tell();
      }),
      this.on("state", tell),
    ];
    try {
      for (;;) {
        const { text } = this;
        if (cut || text.length > shown) {
          const piece = { offset: shown, text: text.slice(shown) };
          shown = text.length;
          cut = false;
          yield piece;
        } else if (this.#state.status === "failed") throw this.#state.error;
        else if (this.over) return;
        else await news.promise;
      }
    } finally {
      for (const stop of stops) stop();
    }
  }

  #set(next: FollowedAnswer): void {
    if (next === this.#now) return;
    const before = this.text.length;
    const { view, fresh } = this.#now = next;
    const { length } = view.text;
    if (fresh < before || length > before) {
      this.#events.emit("text", { offset: fresh, text: view.text.slice(fresh) });
      // Whoever hears it may have enough.
      if (this.over) return;
    }
    this.#enter(stateOf(view));
    if (isOver(view)) this.#owner.left(this, true);
  }

  #enter(state: AiAnswerState): void {
    if (!isSame(this.#state, state)) {
      this.#state = state;
      this.#events.emit("state", state);
    }
    this.#events.emit("change");
  }
}

function stateOf(
  { state, position, etaMs, progress, reason, usage, files, error }: AnswerView,
): AiAnswerState {
  switch (state) {
    case "waiting":
      return position === undefined || etaMs === undefined
        ? { status: "waiting" }
        : { status: "waiting", position, etaMs };
    case "running":
      return progress === undefined ? { status: "running" } : { status: "running", progress };
    case "done":
      return { status: "done", reason, usage, files: files ?? [] };
    case "cancelled":
      return { status: "cancelled" };
    case "failed":
      return {
        status: "failed",
        error: BarrageCallError.fromWire({
          code: 0,
          message: error?.message ?? "The answer failed",
          data: {
            reason: (error?.reason ?? "internal") as BarrageCallError["reason"],
            ...(error?.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
          },
        }),
      };
  }
}

function isSame(one: AiAnswerState, other: AiAnswerState): boolean {
  if (one.status === "waiting" && other.status === "waiting") {
    return one.position === other.position && one.etaMs === other.etaMs;
  }
  if (one.status === "running" && other.status === "running") return one.progress === other.progress;
  return false;
}
