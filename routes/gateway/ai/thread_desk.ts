import { viewOf } from "actors/ai/answer/view.ts";
import { threadActor } from "actors/ai/thread/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AiThread } from "protocol/ai_methods.ts";
import type { Parsed, Result } from "protocol/methods.ts";
import type { AnswerStore, ThreadStore } from "storage/ai_storage.ts";
import type { SignedIn } from "../../verifier.ts";

export interface ThreadDeskPorts {
  readonly node: ActorNode;
  readonly threads: Pick<ThreadStore, "list" | "read">;
  readonly answers: Pick<AnswerStore, "readMany">;
}

/** Histories, put together from threads and answers. */
export class ThreadDesk {
  readonly #ports: ThreadDeskPorts;

  constructor(ports: ThreadDeskPorts) {
    this.#ports = ports;
  }

  async list(
    { user }: SignedIn,
    { before, limit }: Parsed<"ai.threads">,
  ): Promise<Result<"ai.threads">> {
    const { threads } = this.#ports;
    const last = before === undefined ? undefined : await threads.read(before);
    // Somebody else's, or one that is gone: there is nothing behind it.
    if (before !== undefined && last?.owner.id !== user.id) return { threads: [] };
    const found = await threads.list(user.id, { limit, ...(last === undefined ? {} : { before: last }) });
    const next = found.length < limit ? undefined : found.at(-1)?.id;
    const shown = found.map(({ id: thread, title, model, createdAt, changedAt }): AiThread => {
      return { thread, title, model, createdAt, changedAt };
    });
    return { threads: shown, ...(next === undefined ? {} : { next }) };
  }

  async history(caller: SignedIn, { thread, ...page }: Parsed<"ai.thread">): Promise<Result<"ai.thread">> {
    const { node, answers } = this.#ports;
    const { turns, ...rest } = await node.ref(threadActor, thread, caller).history(page);
    const found = await answers.readMany(turns.map(({ answer }) => answer));
    const views = new Map(found.map((answer) => [answer.id, viewOf(answer)]));
    return {
      ...rest,
      turns: turns.flatMap(({ seq, question, answer: id }) => {
        const answer = views.get(id);
        return answer === undefined ? [] : [{ seq, question, answer }];
      }),
    };
  }

  async forget(caller: SignedIn, thread: string): Promise<Record<string, never>> {
    return await this.#ports.node.ref(threadActor, thread, caller).forget({});
  }
}
