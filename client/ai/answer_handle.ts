import type { AiDelta, AiDone, AiPlace, AiProgress, AiResumed, AnswerView } from "protocol/ai.ts";
import { defer, type Deferred } from "../deferred.ts";
import { Emitter } from "../emitter.ts";
import { BarrageCallError } from "../errors.ts";
import type { AiAnswer, AiAnswerEvents, AiAnswerState, AiPiece } from "./ai.ts";

export interface HandleEvents {
  /** Something is missing: the server is to be asked where the answer stands. */
  gap(handle: AnswerHandle): void;
  cancel(handle: AnswerHandle): Promise<void>;
  left(handle: AnswerHandle): void;
}

/** What a client has of an answer; each piece has to fit behind what is there, or is asked for again. */
export class AnswerHandle implements AiAnswer {
  id: string;
  thread: string | undefined;
  readonly #events = new Emitter<AiAnswerEvents>();
  readonly #owner: HandleEvents;
  #state: AiAnswerState = { status: "asking" };
  #text = "";
  #attempt = 0;

  constructor(id: string, owner: HandleEvents) {
    this.id = id;
    this.#owner = owner;
  }

  get text(): string {
    return this.#text;
  }

  get state(): AiAnswerState {
    return this.#state;
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

  async whole(): Promise<string> {
    for await (const _ of this);
    if (this.#state.status === "done") return this.#text;
    throw new BarrageCallError("gone", "Cannot read the whole answer: it was cancelled");
  }

  async cancel(): Promise<void> {
    if (!this.over) await this.#owner.cancel(this);
    // Others who asked the same may still want it.
    this.leave();
  }

  leave(): void {
    if (!this.over) this.#enter({ status: "cancelled" });
  }

  fail(error: BarrageCallError): void {
    if (!this.over) this.#enter({ status: "failed", error });
  }

  /** Where the answer stands, from some offset on; false when that says too little. */
  view(view: AnswerView): boolean {
    if (this.over || view.attempt < this.#attempt) return true;
    const another = this.#attempt !== 0 && view.attempt !== this.#attempt;
    if (view.offset > this.#text.length || (another && view.offset > 0)) return false;
    this.#attempt = view.attempt;
    const known = this.#text.slice(view.offset);
    const length = view.offset + view.text.length;
    const ended = view.state !== "waiting" && view.state !== "running";
    // Behind what is known there is nothing yet, unless it is another text, or all that there will be.
    if (another || ended || length > this.#text.length) {
      const offset = view.offset + commonLength(known, view.text);
      if (offset < this.#text.length || length > offset) {
        this.#show(offset, view.text.slice(offset - view.offset));
      }
    }
    this.#stand(view);
    return true;
  }

  take(method: string, params: unknown): void {
    if (this.over) return;
    // What follows the view has been sent behind it, but may be here before the view is looked at.
    if (this.#state.status === "asking") return this.#owner.gap(this);
    switch (method) {
      case "ai.delta":
        return this.#delta(params as AiDelta);
      case "ai.resumed":
        return this.#resumed(params as AiResumed);
      case "ai.progress":
        return this.#enter({ status: "running", progress: (params as AiProgress).percent });
      case "ai.queue": {
        const { position, etaMs } = params as AiPlace;
        return this.#enter({ status: "waiting", position, etaMs });
      }
      case "ai.done": {
        const done = params as AiDone;
        if (done.attempt !== this.#attempt || done.offset !== this.#text.length) return this.#owner.gap(this);
        return this.#end(done);
      }
    }
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
        if (cut || this.#text.length > shown) {
          const piece = { offset: shown, text: this.#text.slice(shown) };
          shown = this.#text.length;
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

  #delta({ attempt, offset, text }: AiDelta): void {
    const { length } = this.#text;
    if (attempt < this.#attempt) return;
    if (length === 0 && offset === 0) this.#attempt = attempt;
    if (attempt > this.#attempt || offset > length) return this.#owner.gap(this);
    if (this.#state.status !== "running") this.#enter({ status: "running" });
    if (offset + text.length > length) this.#show(length, text.slice(length - offset));
  }

  #resumed({ attempt, offset }: AiResumed): void {
    if (attempt < this.#attempt) return;
    if (offset > this.#text.length) return this.#owner.gap(this);
    this.#attempt = attempt;
    if (offset < this.#text.length) this.#show(offset, "");
  }

  #show(offset: number, text: string): void {
    this.#text = this.#text.slice(0, offset) + text;
    this.#events.emit("text", { offset, text });
  }

  #stand(view: AnswerView): void {
    switch (view.state) {
      case "waiting": {
        const { position, etaMs } = view;
        const place = position === undefined || etaMs === undefined ? {} : { position, etaMs };
        return this.#enter({ status: "waiting", ...place });
      }
      case "running": {
        const { progress } = view;
        return this.#enter({ status: "running", ...(progress === undefined ? {} : { progress }) });
      }
      default:
        return this.#end({ ...view, state: view.state });
    }
  }

  #end({ state, reason, usage, files, error }: Omit<AiDone, "answer" | "attempt" | "offset">): void {
    switch (state) {
      case "done":
        return this.#enter({ status: "done", reason, usage, files: files ?? [] });
      case "cancelled":
        return this.#enter({ status: "cancelled" });
      case "failed":
        return this.#enter({
          status: "failed",
          error: BarrageCallError.fromWire({
            code: 0,
            message: error?.message ?? "The answer failed",
            data: {
              reason: (error?.reason ?? "internal") as BarrageCallError["reason"],
              ...(error?.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
            },
          }),
        });
    }
  }

  #enter(state: AiAnswerState): void {
    this.#state = state;
    this.#events.emit("state", state);
    if (this.over) this.#owner.left(this);
  }
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return length;
}
