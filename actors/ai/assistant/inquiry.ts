import { z } from "zod";
import { type AiMessage, AnswerError, AnswerState } from "protocol/ai.ts";
import { Ulid } from "protocol/ids.ts";
import { BarrageError, ERRORS, type Reason } from "protocol/errors.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { answerActor } from "../answer/definition.ts";
import type { AssistantLimits } from "./limits.ts";
import { whyFailed, whyRefused } from "./regrets.ts";

/** What is asked in somebody's name, who pays for it. */
export interface Inquired {
  /** Id of the answer: asking again is harmless. */
  readonly answer: string;
  readonly asker: Caller;
  readonly model: string;
  readonly messages: AiMessage[];
  readonly maxTokens: number;
}

/** What one hears of an answer, as a command of one's own. */
export const News = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("stands"),
    answer: Ulid,
    state: AnswerState,
    text: z.string(),
    error: AnswerError.optional(),
  }),
  z.strictObject({
    kind: z.literal("refused"),
    answer: Ulid,
    reason: z.enum(Object.keys(ERRORS) as [Reason, ...Reason[]]),
  }),
]);
export type News = z.infer<typeof News>;

export type Outcome =
  | { readonly kind: "answered"; readonly text: string }
  /** `why` is said to those who wait. */
  | { readonly kind: "failed"; readonly why: string };

/** Asking helps no more, or is not to be repeated. */
const FINAL: readonly Reason[] = ["rate_limited", "cycle"];

/** Word that has not come by then was lost before our own mailbox. */
const LOST_MS = 15_000;

interface Current {
  readonly inquired: Inquired;
  readonly since: number;
  /** The answer is known to be there. */
  taken: boolean;
  /** Since when one waits for word of it; monotonic. */
  waitingSince: number | undefined;
}

/**
 * One question on its way to its answer. No turn waits for it: what is heard comes as the command `heard`, and as `assist`
 * the time to look again. Nothing of it is durable but the answer itself, which is asked for anew under the same id.
 */
export class Inquiry {
  readonly #self: Self;
  readonly #limits: AssistantLimits;
  #current: Current | undefined;
  #cancelLook = () => {};

  constructor(self: Self, limits: AssistantLimits) {
    this.#self = self;
    this.#limits = limits;
  }

  /** Id of the answer that is waited for. */
  get current(): string | undefined {
    return this.#current?.inquired.answer;
  }

  begin(inquired: Inquired): void {
    const since = this.#self.clock.monotonic();
    this.#current = { inquired, since, taken: false, waitingSince: undefined };
    this.look();
  }

  /** Asks how far it is, unless that is being asked. */
  look(): void {
    const current = this.#current;
    const now = this.#self.clock.monotonic();
    if (current === undefined || now - (current.waitingSince ?? -Infinity) < LOST_MS) return;
    current.waitingSince = now;
    const { answer, asker, model, messages, maxTokens } = current.inquired;
    const ref = this.#self.ref(answerActor, answer, asker);
    const options = { maxTokens };
    const request = { feature: "text", messages, options } as const;
    const view = current.taken
      ? ref.follow({ from: 0 })
      : ref.ask({ model, request, band: "normal", detached: true }).then(({ view }) => view);
    view.then(
      ({ state, text, error }) => {
        const told = error === undefined ? {} : { error };
        this.#hear({ kind: "stands", answer, state, text, ...told });
      },
      (error) => this.#hear({ kind: "refused", answer, reason: BarrageError.from(error).reason }),
    );
  }

  /** @returns What came of the question; undefined while it goes on, and for news of another one. */
  take(news: News): Outcome | undefined {
    const current = this.#current;
    if (current === undefined || current.inquired.answer !== news.answer) return undefined;
    current.waitingSince = undefined;
    const outcome = news.kind === "stands" ? this.#stands(news) : this.#refused(news.reason);
    if (outcome === undefined) this.#lookLater();
    else this.drop();
    return outcome;
  }

  /** Waits for it no longer. */
  drop(): void {
    this.#cancelLook();
    this.#current = undefined;
  }

  /**
   * The question is settled: its answer ends, wherever it stands, and keeps nothing, for the model was shown what others
   * have said, which shall not outlive it where it was said. Not heard, it ends by itself, and goes with other old answers.
   */
  settled(answer: string): void {
    const ref = this.#self.ref(answerActor, answer);
    ref.cancel({}).then(() => ref.forget({})).catch(() => {});
  }

  #stands({ state, text, error }: Extract<News, { kind: "stands" }>): Outcome | undefined {
    this.#current!.taken = true;
    switch (state) {
      case "waiting":
      case "running":
        return undefined;
      case "done":
        return { kind: "answered", text };
      case "failed":
      case "cancelled":
        return { kind: "failed", why: whyFailed(error) };
    }
  }

  #refused(reason: Reason): Outcome | undefined {
    const current = this.#current!;
    // It is there no more, or never came to be: the same again.
    if (current.taken && reason === "not_found") {
      current.taken = false;
      return undefined;
    }
    const retry = (ERRORS[reason].retry || reason === "internal") && !FINAL.includes(reason);
    const patient = this.#self.clock.monotonic() - current.since < this.#limits.patienceMs;
    // Of an answer that was taken it will be known in the end what came of it.
    return retry && (patient || current.taken) ? undefined : { kind: "failed", why: whyRefused(reason) };
  }

  #hear(news: News): void {
    this.#self.after(0, "heard", news);
  }

  #lookLater(): void {
    this.#cancelLook();
    this.#cancelLook = this.#self.after(this.#limits.lookMs, "assist", { wake: false });
  }
}
