import { type Kysely, sql } from "kysely";
import type { ThreadRow, ThreadTurnRow } from "./ai_schema.ts";
import { resealThreads, resealTurns } from "./ai_seals.ts";
import type { Resealed, StoredThread, ThreadRecord, ThreadStore, TurnRecord } from "./ai_storage.ts";
import type { BodyCipher } from "./body_cipher.ts";
import type { Engine } from "./engine.ts";
import { FencedError, type Write } from "./lane.ts";
import type { Database } from "./schema.ts";
import { toWrite } from "./writes.ts";

/** In which order somebody asked; what was answered lies in the answers. */
export class Threads implements ThreadStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;
  readonly #cipher: BodyCipher;

  constructor(engine: Engine, cipher: BodyCipher) {
    this.#engine = engine;
    this.#db = engine.db;
    this.#cipher = cipher;
  }

  found(thread: ThreadRecord, epoch: number): Write {
    const { id, owner, title, model } = thread;
    const row: ThreadRow = {
      ...{ id, model },
      owner_epoch: epoch,
      owner_id: owner.id,
      owner_name: owner.name,
      ...this.#titleColumns(id, title),
      created_at: thread.createdAt,
      changed_at: thread.changedAt,
    };
    return toWrite({ kind: "insert", table: "thread", rows: [row], unique: ["id"] });
  }

  async acquire(id: string, epoch: number): Promise<StoredThread | undefined> {
    const row = await this.#db.updateTable("thread").set({ owner_epoch: epoch })
      .where("id", "=", id).where("owner_epoch", "<=", epoch)
      .returningAll().executeTakeFirst();
    if (row !== undefined) return { thread: this.#toRecord(row), head: await this.#head(id) };
    const other = await this.#db.selectFrom("thread").select("owner_epoch").where("id", "=", id)
      .executeTakeFirst();
    if (other === undefined) return undefined;
    if (other.owner_epoch > epoch) throw new FencedError({ noun: "thread", id, epoch });
    return await this.acquire(id, epoch); // founded between the two statements
  }

  async read(id: string): Promise<ThreadRecord | undefined> {
    const row = await this.#db.selectFrom("thread").selectAll().where("id", "=", id).executeTakeFirst();
    return row && this.#toRecord(row);
  }

  async list(
    owner: string,
    { before, limit }: { before?: Pick<ThreadRecord, "changedAt" | "id">; limit: number },
  ): Promise<ThreadRecord[]> {
    let query = this.#db.selectFrom("thread").selectAll().where("owner_id", "=", owner)
      .orderBy("changed_at", "desc").orderBy("id", "desc").limit(limit);
    if (before !== undefined) {
      query = query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple("changed_at", "id"), "<", tuple(before.changedAt, before.id))
      );
    }
    return (await query.execute()).map((row) => this.#toRecord(row));
  }

  async turns(
    id: string,
    page: { readonly after: number; readonly limit: number } | {
      readonly before: number;
      readonly limit: number;
    },
  ): Promise<TurnRecord[]> {
    const all = this.#db.selectFrom("thread_turn").selectAll().where("thread_id", "=", id).limit(page.limit);
    const rows = "after" in page
      ? await all.where("seq", ">", page.after).orderBy("seq").execute()
      : (await all.where("seq", "<", page.before).orderBy("seq", "desc").execute()).reverse();
    return rows.map((row) => this.#toTurn(row));
  }

  update(
    id: string,
    { title, model, changedAt }: Partial<Pick<ThreadRecord, "title" | "model" | "changedAt">>,
  ): Write {
    const set = {
      ...(title !== undefined && this.#titleColumns(id, title)),
      ...(model !== undefined && { model }),
      ...(changedAt !== undefined && { changed_at: changedAt }),
    };
    return toWrite({ kind: "patch", table: "thread", id, set });
  }

  append(id: string, turns: readonly TurnRecord[]): Write {
    const rows = turns.map((turn): ThreadTurnRow => {
      const { seq, question, answer, replacedBy, at } = turn;
      const { body, keyVersion } = this.#cipher.seal({ thread: id, part: seq }, JSON.stringify(question));
      return {
        thread_id: id,
        ...{ seq, at },
        question: body,
        question_key: keyVersion,
        answer_id: answer,
        replaced_by: replacedBy ?? null,
      };
    });
    return toWrite({ kind: "insert", table: "thread_turn", rows });
  }

  replace(id: string, seq: number, by: number): Write {
    return toWrite({
      kind: "run",
      tables: ["thread_turn"],
      async run(trx) {
        await trx.updateTable("thread_turn").set({ replaced_by: by })
          .where("thread_id", "=", id).where("seq", "=", seq).execute();
      },
    });
  }

  erase(id: string): Write {
    return toWrite({
      kind: "run",
      tables: ["thread", "thread_turn", "answer", "ai_file"],
      run: async (trx) => {
        const turns = await trx.deleteFrom("thread_turn").where("thread_id", "=", id)
          .returning("answer_id").execute();
        await trx.deleteFrom("thread").where("id", "=", id).execute();
        // One that was asked outside has askers who know nothing of the thread.
        const answers = await trx.deleteFrom("answer").where("thread_id", "=", id)
          .where("ended_at", "is not", null)
          .where(this.#engine.isOneOf("id", turns.map(({ answer_id }) => answer_id)))
          .returning("id").execute();
        await trx.deleteFrom("ai_file")
          .where(this.#engine.isOneOf("answer_id", answers.map((answer) => answer.id))).execute();
      },
    });
  }

  reseal(after: string | undefined, limit: number): Promise<Resealed<string> | undefined> {
    return resealThreads(this.#engine, this.#cipher, after, limit);
  }

  resealTurns(
    after: { readonly thread: string; readonly seq: number } | undefined,
    limit: number,
  ): Promise<Resealed<{ readonly thread: string; readonly seq: number }> | undefined> {
    return resealTurns(this.#engine, this.#cipher, after, limit);
  }

  async sweep(before: number, limit: number): Promise<number> {
    return await this.#db.transaction().execute(async (trx) => {
      // Rows that somebody is changing are passed over, so it never waits while it holds others.
      const { rows } = await sql<{ id: string }>`
        delete from thread where id in (
          select id from thread where changed_at < ${before} limit ${limit}
          ${this.#engine.rowLocks ? sql`for update skip locked` : sql``}
        ) returning id`.execute(trx);
      if (rows.length === 0) return 0;
      await trx.deleteFrom("thread_turn").where(this.#engine.isOneOf("thread_id", rows.map(({ id }) => id)))
        .execute();
      return rows.length;
    });
  }

  async #head(id: string): Promise<number> {
    const row = await this.#db.selectFrom("thread_turn").select(({ fn }) => fn.max("seq").as("n"))
      .where("thread_id", "=", id).executeTakeFirst();
    return Number(row?.n ?? 0);
  }

  #titleColumns(id: string, title: string): Pick<ThreadRow, "title" | "title_key"> {
    const { body, keyVersion } = this.#cipher.seal({ thread: id, part: "title" }, JSON.stringify(title));
    return { title: body, title_key: keyVersion };
  }

  #toRecord(row: ThreadRow): ThreadRecord {
    const { id, model, title: body, title_key: keyVersion } = row;
    const title = this.#cipher.open({ thread: id, part: "title" }, { body, keyVersion });
    return {
      ...{ id, model },
      owner: { id: row.owner_id, name: row.owner_name },
      title: JSON.parse(title) as string,
      createdAt: row.created_at,
      changedAt: row.changed_at,
    };
  }

  #toTurn(row: ThreadTurnRow): TurnRecord {
    const { thread_id: thread, seq, question: body, question_key: keyVersion, at } = row;
    return {
      ...{ seq, at },
      question: JSON.parse(this.#cipher.open({ thread, part: seq }, { body, keyVersion })) as string,
      answer: row.answer_id,
      ...(row.replaced_by !== null && { replacedBy: row.replaced_by }),
    };
  }
}
