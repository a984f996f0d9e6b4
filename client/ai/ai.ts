import type { AiFile, AiUsage, AnswerView, FinishReason } from "protocol/ai.ts";
import type { AiModel } from "protocol/ai_methods.ts";
import type { Params, Result } from "protocol/methods.ts";
import type { BarrageCallError } from "../errors.ts";

export type AiAnswerState =
  | { readonly status: "asking" }
  /** `position` 1 is next; both are missing until the server has said so. */
  | { readonly status: "waiting"; readonly position?: number; readonly etaMs?: number }
  /** `progress` of pictures and slides, 0-100. */
  | { readonly status: "running"; readonly progress?: number }
  | {
    readonly status: "done";
    readonly reason: FinishReason | undefined;
    readonly usage: AiUsage | undefined;
    /** Their bytes are at `/v1/ai/files/{id}`. */
    readonly files: readonly AiFile[];
  }
  /** What was shown before stands in `text`. */
  | { readonly status: "failed"; readonly error: BarrageCallError }
  | { readonly status: "cancelled" };

/**
 * Text from an offset on, in UTF-16 code units: `shown = shown.slice(0, offset) + text`. The offset is the end of what was
 * shown, but where the server had to make a part anew.
 */
export interface AiPiece {
  readonly offset: number;
  readonly text: string;
}

export interface AiAnswerEvents {
  text: [AiPiece];
  state: [AiAnswerState];
  /** Anything of it is another than before. */
  change: [];
}

/** An answer that is being read, over reconnects; pieces for whoever loops over it, from its beginning. */
export interface AiAnswer extends AsyncIterable<AiPiece> {
  /** Another one than was asked for, when somebody had asked the same. */
  readonly id: string;
  readonly thread: string | undefined;
  readonly text: string;
  readonly state: AiAnswerState;
  /** Nothing comes any more. */
  readonly over: boolean;
  /** All that is known, with the whole text; another object whenever that changes. Undefined while it is being asked. */
  readonly view: AnswerView | undefined;
  /** Offsets at which another call of the model went on with a text that was shown. */
  readonly seams: readonly number[];

  on<Name extends keyof AiAnswerEvents>(
    name: Name,
    listener: (...args: AiAnswerEvents[Name]) => void,
  ): () => void;

  /** What the server said when it had the question. @throws {BarrageCallError} What it was refused with. */
  asked(): Promise<AnswerView>;
  /** The whole text. @throws {BarrageCallError} What it failed with; `gone` when it was cancelled. */
  whole(): Promise<string>;
  /**
   * Wants it no longer, and waits for its end: what was said until then stays, and what it has cost is told.
   * @throws {BarrageCallError}
   */
  cancel(): Promise<void>;
  /** Reads no further, as if it were cancelled; an answer that nobody reads ends after a while. */
  leave(): void;
}

type Threads = Result<"ai.threads">;
type Thread = Result<"ai.thread">;

/** Models behind the server. `barrage.ai`. */
export interface Ai {
  /** With the same `id`, asking again is harmless. A refusal is the answer's failure. */
  ask(question: Params<"ai.ask">): AiAnswer;
  /** An answer that was asked for before. @param known Where a history has left it, with its whole text. */
  follow(answer: string, known?: AnswerView): AiAnswer;
  models(): Promise<readonly AiModel[]>;
  threads(page?: Params<"ai.threads">): Promise<Threads>;
  thread(thread: string, page?: Omit<Params<"ai.thread">, "thread">): Promise<Thread>;
  forget(thread: string): Promise<void>;
}
