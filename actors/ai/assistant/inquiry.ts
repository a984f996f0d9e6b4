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

/**
 * One question on its way to its answer. No turn waits for it: what is heard comes as the command `heard`, and as `assist`
 * the time to look again. Nothing of it is durable but the answer itself, which is asked for anew under the same id.
 */
export class Inquiry {
  readonly #self: Self;
  readonly #limits: AssistantLimits;
  #current:
    | { readonly inquired: Inquired; readonly since: number; taken: boolean; waiting: boolean }
    | undefined;
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
    this.#current = { inquired, since: this.#self.clock.monotonic(), taken: false, waiting: false };
    this.look();
  }

  /** Asks how far it is, unless that is being asked. */
  look(): void {
    const current = this.#current;
    if (current === undefined || current.waiting) return;
    current.waiting = true;
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
    current.waiting = false;
    const outcome = news.kind === "stands" ? this.#stands(news) : this.#refused(news.reason);
    if (outcome === undefined) this.#lookLater();
    else if (news.kind === "stands") this.#forget();
    else this.drop(); // it may have been taken without our hearing of it
    return outcome;
  }

  /** Nobody wants it any more: its call ends too. */
  drop(): void {
    if (this.current === undefined) return;
    this.withdraw(this.current);
    this.#forget();
  }

  /** Ends an answer wherever it stands. Not heard, it ends by itself, and nobody reads it. */
  withdraw(answer: string): void {
    this.#self.ref(answerActor, answer).cancel({}).then(() => this.settled(answer), () => {});
  }

  /**
   * What came of it is told. The model was shown what others have said: that shall not outlive it where it was said.
   * Not heard, it goes with other old answers.
   */
  settled(answer: string): void {
    this.#self.ref(answerActor, answer).forget({}).catch(() => {});
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

  #forget(): void {
    this.#cancelLook();
    this.#current = undefined;
  }
}
