import type { Barrage } from "client/mod.ts";
import type { AnswerView } from "protocol/ai.ts";
import type { AiModel, AskAi } from "protocol/ai_methods.ts";
import type { Result } from "protocol/methods.ts";
import { AiAnswer } from "./ai_answer.ts";
import type { Notice } from "./followed_answer.ts";

const REPEATABLE = { repeatable: true };

/** The AI of the server: what can be asked, conversations, and answers that are read as they come. */
export class AiFeed {
  readonly #barrage: Barrage;
  readonly #answers = new Map<string, AiAnswer>();

  constructor(barrage: Barrage) {
    this.#barrage = barrage;
    barrage.on("ai", (method, params) => {
      const notice = { method, params } as Notice;
      this.#answers.get(notice.params.answer)?.take(notice);
    });
    // What the last link told of stays away on this one until it is asked for.
    barrage.on("linked", () => {
      for (const answer of this.#answers.values()) answer.follow();
    });
  }

  async models(): Promise<readonly AiModel[]> {
    return (await this.#barrage.call("ai.models", {}, REPEATABLE)).models;
  }

  threads(page: { before?: string; limit: number }): Promise<Result<"ai.threads">> {
    return this.#barrage.call("ai.threads", page, REPEATABLE);
  }

  thread(thread: string, page: { before?: number; limit: number }): Promise<Result<"ai.thread">> {
    return this.#barrage.call("ai.thread", { thread, ...page }, REPEATABLE);
  }

  async forget(thread: string): Promise<void> {
    await this.#barrage.call("ai.forget", { thread }, REPEATABLE);
  }

  /** @param params With the id of the answer: asked twice, over two links, it is asked once. */
  async ask(params: AskAi & { readonly id: string }): Promise<AiAnswer> {
    const { view } = await this.#barrage.call("ai.ask", params, REPEATABLE);
    return this.#enter(view);
  }

  /** Goes on with what is known of an answer already. */
  follow(view: AnswerView): AiAnswer {
    const answer = this.#enter(view);
    answer.follow();
    return answer;
  }

  #enter(view: AnswerView): AiAnswer {
    const answer = new AiAnswer(this.#barrage, view, (one) => {
      if (this.#answers.get(one.id) === one) this.#answers.delete(one.id);
    });
    if (!answer.isOver) this.#answers.set(answer.id, answer);
    return answer;
  }
}
