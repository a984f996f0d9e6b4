import type { Resealed } from "./ai_storage.ts";
import type { BodyCipher, BodyPlace } from "./body_cipher.ts";
import type { Engine } from "./engine.ts";

/**
 * Seals requests and texts anew that are not sealed with the newest key, one page of answers. As with messages nobody's
 * fence is needed: what was written meanwhile stands.
 */
export async function resealAnswers(
  { db }: Engine,
  cipher: BodyCipher,
  after: string | undefined,
  limit: number,
): Promise<Resealed<string> | undefined> {
  const rows = await db.selectFrom("answer").select(["id", "request", "request_key", "text", "text_key"])
    .where("id", ">", after ?? "").orderBy("id").limit(limit).execute();
  let resealed = 0;
  for (const { id, request, request_key, text, text_key } of rows) {
    const newRequest = anew(cipher, { answer: id, part: "request" }, request, request_key);
    if (newRequest !== undefined) {
      const { numUpdatedRows } = await db.updateTable("answer")
        .set({ request: newRequest.body, request_key: newRequest.keyVersion })
        .where("id", "=", id).where("request", "=", request).executeTakeFirstOrThrow();
      resealed += Number(numUpdatedRows);
    }
    const newText = anew(cipher, { answer: id, part: "text" }, text, text_key);
    if (newText !== undefined) {
      const { numUpdatedRows } = await db.updateTable("answer")
        .set({ text: newText.body, text_key: newText.keyVersion })
        .where("id", "=", id).where("text", "=", text).executeTakeFirstOrThrow();
      resealed += Number(numUpdatedRows);
    }
  }
  return pageOf(rows, ({ id }) => id, resealed);
}

/** As that of answers, for the titles of threads. */
export async function resealThreads(
  { db }: Engine,
  cipher: BodyCipher,
  after: string | undefined,
  limit: number,
): Promise<Resealed<string> | undefined> {
  const rows = await db.selectFrom("thread").select(["id", "title", "title_key"])
    .where("id", ">", after ?? "").orderBy("id").limit(limit).execute();
  let resealed = 0;
  for (const { id, title, title_key } of rows) {
    const newTitle = anew(cipher, { thread: id, part: "title" }, title, title_key);
    if (newTitle === undefined) continue;
    const { numUpdatedRows } = await db.updateTable("thread")
      .set({ title: newTitle.body, title_key: newTitle.keyVersion })
      .where("id", "=", id).where("title", "=", title).executeTakeFirstOrThrow();
    resealed += Number(numUpdatedRows);
  }
  return pageOf(rows, ({ id }) => id, resealed);
}

/** As that of answers, for questions. */
export async function resealTurns(
  { db }: Engine,
  cipher: BodyCipher,
  after: { readonly thread: string; readonly seq: number } | undefined,
  limit: number,
): Promise<Resealed<{ thread: string; seq: number }> | undefined> {
  const { thread = "", seq = 0 } = after ?? {};
  const rows = await db.selectFrom("thread_turn").select(["thread_id", "seq", "question", "question_key"])
    .where(({ eb, refTuple, tuple }) => eb(refTuple("thread_id", "seq"), ">", tuple(thread, seq)))
    .orderBy("thread_id").orderBy("seq").limit(limit).execute();
  let resealed = 0;
  for (const { thread_id, seq, question, question_key } of rows) {
    const newQuestion = anew(cipher, { thread: thread_id, part: seq }, question, question_key);
    if (newQuestion === undefined) continue;
    const { numUpdatedRows } = await db.updateTable("thread_turn")
      .set({ question: newQuestion.body, question_key: newQuestion.keyVersion })
      .where("thread_id", "=", thread_id).where("seq", "=", seq).where("question", "=", question)
      .executeTakeFirstOrThrow();
    resealed += Number(numUpdatedRows);
  }
  return pageOf(rows, ({ thread_id: thread, seq }) => ({ thread, seq }), resealed);
}

function anew(cipher: BodyCipher, place: BodyPlace, body: string, keyVersion: number | null) {
  if (keyVersion === cipher.keyVersion) return undefined;
  return cipher.seal(place, cipher.open(place, { body, keyVersion }));
}

function pageOf<R, P>(
  rows: readonly R[],
  placeOf: (row: R) => P,
  resealed: number,
): Resealed<P> | undefined {
  const last = rows.at(-1);
  return last && { last: placeOf(last), looked: rows.length, resealed };
}
