import { type Kysely, sql } from "kysely";
import type { User } from "protocol/users.ts";
import type { RemovalStore } from "./ai_storage.ts";
import type { Engine, Trx } from "./engine.ts";
import type { Database } from "./schema.ts";

interface Asked {
  readonly id: string;
  readonly user_id: string;
  /** JSON list of users. */
  readonly askers: string;
}

/** What users had asked whose accounts were removed. What they used stays in the books. */
export class AiRemovals implements RemovalStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#db = engine.db;
  }

  async sweep(before: number, limit: number): Promise<number> {
    let removed = await this.#threads(before, limit);
    if (removed < limit) removed += await this.#answers(before, limit - removed);
    if (removed < limit) removed += await this.#joined(before, limit - removed);
    if (removed < limit) await this.#settle(before, limit);
    return removed;
  }

  async #threads(before: number, limit: number): Promise<number> {
    return await this.#db.transaction().execute(async (trx) => {
      // Rows that somebody is changing are passed over, so it never waits while it holds others.
      const { rows } = await sql<{ id: string }>`
        delete from thread where id in (
          select thread.id from ai_removal join thread on thread.owner_id = ai_removal.user_id
          where ai_removal.at < ${before} limit ${limit}
          ${this.#engine.rowLocks ? sql`for update of thread skip locked` : sql``}
        ) returning id`.execute(trx);
      if (rows.length === 0) return 0;
      await trx.deleteFrom("thread_turn").where(this.#engine.isOneOf("thread_id", rows.map(({ id }) => id)))
        .execute();
      return rows.length;
    });
  }

  async #answers(before: number, limit: number): Promise<number> {
    return await this.#db.transaction().execute(async (trx) => {
      const { rows } = await sql<Asked>`
        select answer.id, answer.user_id, answer.askers
        from ai_removal join answer on answer.user_id = ai_removal.user_id
        where ai_removal.at < ${before} and answer.ended_at is not null limit ${limit}
        ${this.#engine.rowLocks ? sql`for update of answer skip locked` : sql``}`.execute(trx);
      const shared = await this.#shared(trx, rows);
      if (shared.length > 0) {
        await this.#engine.patch("answer", ["user_id", "askers"], shared).execute(trx);
      }
      const kept = new Set(shared.map(({ id }) => id));
      const gone = rows.map(({ id }) => id).filter((id) => !kept.has(id));
      if (gone.length > 0) {
        await trx.deleteFrom("ai_file").where(this.#engine.isOneOf("answer_id", gone)).execute();
        await trx.deleteFrom("answer_asker").where(this.#engine.isOneOf("answer_id", gone)).execute();
        await trx.deleteFrom("answer").where(this.#engine.isOneOf("id", gone)).execute();
      }
      return rows.length;
    });
  }

  /** Out of those that somebody else was the first to ask for. */
  async #joined(before: number, limit: number): Promise<number> {
    return await this.#db.transaction().execute(async (trx) => {
      const { rows } = await sql<Asked & { gone: string }>`
        select answer.id, answer.user_id, answer.askers, answer_asker.user_id as gone
        from ai_removal join answer_asker on answer_asker.user_id = ai_removal.user_id
          join answer on answer.id = answer_asker.answer_id
        where ai_removal.at < ${before} and answer.ended_at is not null limit ${limit}
        ${this.#engine.rowLocks ? sql`for update of answer skip locked` : sql``}`.execute(trx);
      if (rows.length === 0) return 0;
      const left = [...Map.groupBy(rows, ({ id }) => id)].map(([id, [first, ...more]]) => {
        const gone = new Set([first!, ...more].map((row) => row.gone));
        const askers = (JSON.parse(first!.askers) as User[]).filter((asker) => !gone.has(asker.id));
        return { id, askers: JSON.stringify(askers) };
      });
      await this.#engine.patch("answer", ["askers"], left).execute(trx);
      const pairs = rows.map(({ id, gone }) => ({ user_id: gone, answer_id: id }));
      await this.#engine.remove("answer_asker", ["user_id", "answer_id"], pairs).execute(trx);
      return rows.length;
    });
  }

  /** Those that somebody has asked for who is still here, as his. */
  async #shared(
    trx: Trx,
    rows: readonly Asked[],
  ): Promise<{ id: string; user_id: string; askers: string }[]> {
    const others = rows.map(({ id, user_id: first, askers }) => ({
      id,
      askers: (JSON.parse(askers) as User[]).filter((asker) => asker.id !== first),
    }));
    const users = [...new Set(others.flatMap(({ askers }) => askers.map(({ id }) => id)))];
    if (users.length === 0) return [];
    const removed = await trx.selectFrom("account").select("id").where("state", "=", "removed")
      .where(this.#engine.isOneOf("id", users)).execute();
    const gone = new Set(removed.map(({ id }) => id));
    return others.flatMap(({ id, askers }) => {
      const left = askers.filter((asker) => !gone.has(asker.id));
      return left[0] === undefined ? [] : [{ id, user_id: left[0].id, askers: JSON.stringify(left) }];
    });
  }

  /** Whoever has nothing left, not even an answer that is under way, is done with. */
  async #settle(before: number, limit: number): Promise<void> {
    await sql`
      delete from ai_removal where user_id in (
        select user_id from ai_removal where at < ${before}
          and not exists (select 1 from thread where thread.owner_id = ai_removal.user_id)
          and not exists (select 1 from answer where answer.user_id = ai_removal.user_id)
          and not exists (
            select 1 from answer_asker join answer on answer.id = answer_asker.answer_id
            where answer_asker.user_id = ai_removal.user_id
          )
        limit ${limit}
      )`.execute(this.#db);
  }
}
