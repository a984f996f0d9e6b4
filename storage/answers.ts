import { type Kysely, sql } from "kysely";
import type { AnswerRow } from "./ai_schema.ts";
import { resealAnswers } from "./ai_seals.ts";
import type { AnswerPatch, AnswerRecord, AnswerStore, Resealed, UsageRecord } from "./ai_storage.ts";
import { toColumns, toRecord, toRow, toUsageRow } from "./answer_rows.ts";
import type { BodyCipher } from "./body_cipher.ts";
import { compiledOnce } from "./compiled.ts";
import type { Engine } from "./engine.ts";
import { FencedError, type Write } from "./lane.ts";
import type { Database } from "./schema.ts";
import { toWrite } from "./writes.ts";

/** What was asked of assistants, and what they said. */
export class Answers implements AnswerStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;
  readonly #cipher: BodyCipher;

  constructor(engine: Engine, cipher: BodyCipher) {
    this.#engine = engine;
    this.#db = engine.db;
    this.#cipher = cipher;
  }

  found(answer: AnswerRecord, epoch: number): Write {
    const rows = [{ ...toRow(answer, this.#cipher), owner_epoch: epoch }];
    return toWrite({ kind: "insert", table: "answer", rows, unique: ["id"] });
  }

  async acquire(id: string, epoch: number): Promise<AnswerRecord | undefined> {
    const select = () => this.#db.selectFrom("answer").selectAll().where("id", "=", id).compile();
    const { rows: [found] } = await this.#db.executeQuery(
      compiledOnce(this.#engine, "answer to acquire", select, [id]),
    );
    if (found === undefined) return undefined;
    // An answer that has left memory and comes back costs no write.
    if (found.owner_epoch === epoch) return toRecord(found, this.#cipher);
    const row = await this.#db.updateTable("answer").set({ owner_epoch: epoch })
      .where("id", "=", id).where("owner_epoch", "<=", epoch)
      .returningAll().executeTakeFirst();
    if (row === undefined) throw new FencedError({ noun: "answer", id, epoch });
    return toRecord(row, this.#cipher);
  }

  async read(id: string): Promise<AnswerRecord | undefined> {
    const row = await this.#db.selectFrom("answer").selectAll().where("id", "=", id).executeTakeFirst();
    return row && toRecord(row, this.#cipher);
  }

  async readMany(ids: readonly string[]): Promise<AnswerRecord[]> {
    if (ids.length === 0) return [];
    const rows = await this.#db.selectFrom("answer").selectAll().where(this.#engine.isOneOf("id", ids))
      .execute();
    const found = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => {
      const row = found.get(id);
      return row === undefined ? [] : [toRecord(row, this.#cipher)];
    });
  }

  async outsideThreads(
    user: string,
    { after, limit }: { after?: Pick<AnswerRecord, "askedAt" | "id">; limit: number },
  ): Promise<AnswerRecord[]> {
    const { rows } = await sql<AnswerRow>`
      select * from answer where user_id = ${user}
        ${after === undefined ? sql`` : sql`and (asked_at, id) > (${after.askedAt}, ${after.id})`}
        and not exists (
          select 1 from thread_turn join thread on thread.id = thread_turn.thread_id
          where thread_turn.answer_id = answer.id and thread.owner_id = ${user}
        )
      order by asked_at, id limit ${limit}`.execute(this.#db);
    return rows.map((row) => toRecord(row, this.#cipher));
  }

  update(id: string, patch: AnswerPatch): Write {
    return toWrite({ kind: "patch", table: "answer", id, set: toColumns(id, patch, this.#cipher) });
  }

  use(record: UsageRecord): Write {
    return toWrite({ kind: "insert", table: "answer_usage", rows: [toUsageRow(record)] });
  }

  join(id: string, user: string): Write {
    return toWrite({
      kind: "run",
      tables: ["answer_asker"],
      async run(trx) {
        await trx.insertInto("answer_asker").values({ user_id: user, answer_id: id })
          .onConflict((conflict) => conflict.doNothing()).execute();
      },
    });
  }

  async open(user: string, limit: number): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select id from answer where user_id = ${user} and ended_at is null
      union
      select answer.id from answer_asker join answer on answer.id = answer_asker.answer_id
      where answer_asker.user_id = ${user} and answer.ended_at is null
      limit ${limit}`.execute(this.#db);
    return rows.map(({ id }) => id);
  }

  reseal(after: string | undefined, limit: number): Promise<Resealed<string> | undefined> {
    return resealAnswers(this.#engine, this.#cipher, after, limit);
  }

  async sweep(before: number, limit: number): Promise<number> {
    return await this.#db.transaction().execute(async (trx) => {
      // Rows that somebody is changing are passed over, so it never waits while it holds others.
      const { rows } = await sql<{ id: string }>`
        delete from answer where id in (
          select id from answer where ended_at < ${before}
            and not exists (select 1 from thread_turn where thread_turn.answer_id = answer.id)
          limit ${limit} ${this.#engine.rowLocks ? sql`for update skip locked` : sql``}
        ) returning id`.execute(trx);
      if (rows.length === 0) return 0;
      const ids = rows.map(({ id }) => id);
      await trx.deleteFrom("ai_file").where(this.#engine.isOneOf("answer_id", ids)).execute();
      await trx.deleteFrom("answer_asker").where(this.#engine.isOneOf("answer_id", ids)).execute();
      return rows.length;
    });
  }
}
