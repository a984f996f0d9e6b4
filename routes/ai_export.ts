import { z } from "@hono/zod-openapi";
import { viewOf } from "actors/ai/answer/view.ts";
import { AiRequest, AnswerView } from "protocol/ai.ts";
import { AiThread } from "protocol/ai_methods.ts";
import type { AnswerRecord, AnswerStore, ThreadRecord, ThreadStore, TurnRecord } from "storage/ai_storage.ts";

const THREADS = 100;
/** Each answer may be as long as a book. */
const ANSWERS = 10;

export const ExportedThread = z.object({
  thread: AiThread,
  turns: z.array(z.object({
    seq: z.int().positive(),
    question: z.string(),
    at: z.int(),
    /** The `seq` of the turn that was asked instead. */
    replacedBy: z.int().positive().optional(),
    answer: AnswerView.optional(),
  })),
});

export const ExportedAnswer = z.object({ request: AiRequest, answer: AnswerView });

interface Stores {
  readonly threads: Pick<ThreadStore, "list" | "turns">;
  readonly answers: Pick<AnswerStore, "readMany">;
}

/** Everything a user has asked in threads, also what he asked again; each thread in pieces of JSON. */
export async function* threadsOf(stores: Stores, user: string): AsyncGenerator<AsyncIterable<string>> {
  let before: ThreadRecord | undefined;
  do {
    const page = await stores.threads.list(user, { limit: THREADS, ...(before && { before }) });
    for (const thread of page) yield threadOf(stores, thread);
    before = page.length === THREADS ? page.at(-1) : undefined;
  } while (before !== undefined);
}

/** What a user has asked outside threads. */
export async function* answersOf(
  answers: Pick<AnswerStore, "outsideThreads">,
  user: string,
): AsyncGenerator<AsyncIterable<string>> {
  let after: AnswerRecord | undefined;
  do {
    const page = await answers.outsideThreads(user, { limit: ANSWERS, ...(after && { after }) });
    for (const record of page) yield answerOf(record);
    after = page.length === ANSWERS ? page.at(-1) : undefined;
  } while (after !== undefined);
}

async function* threadOf({ threads, answers }: Stores, record: ThreadRecord): AsyncGenerator<string> {
  const { id: thread, title, model, createdAt, changedAt } = record;
  yield `{"thread":${JSON.stringify({ thread, title, model, createdAt, changedAt })},"turns":[`;
  let separator = "";
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: readonly TurnRecord[] = await threads.turns(thread, { after, limit: ANSWERS });
    const found = await answers.readMany(page.map(({ answer }) => answer));
    const views = new Map(found.map((answer) => [answer.id, viewOf(answer)]));
    for (const turn of page) {
      yield separator + JSON.stringify({ ...turn, answer: views.get(turn.answer) });
      separator = ",";
    }
    after = page.length === ANSWERS ? page.at(-1)?.seq : undefined;
  }
  yield "]}";
}

async function* answerOf(record: AnswerRecord): AsyncGenerator<string> {
  yield JSON.stringify({ request: record.request, answer: viewOf(record) });
}
