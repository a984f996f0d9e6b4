import { type Kysely, sql, type SqlBool } from "kysely";
import type { UsageStore, UsageSum } from "./ai_storage.ts";
import type { Engine } from "./engine.ts";
import type { Database } from "./schema.ts";
import { sweepOld } from "./sweep.ts";

/** What answers cost, attempt by attempt. */
export class AiUsages implements UsageStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#db = engine.db;
  }

  async spent(
    user: string,
    since: number,
    besides: readonly string[] = [],
  ): Promise<{ requests: number; tokens: number }> {
    const without = (column: "id" | "answer_id") =>
      sql<SqlBool>`not ${this.#engine.isOneOf(column, besides)}`;
    const row = await this.#db.selectNoFrom(({ selectFrom, fn }) => [
      selectFrom("answer").select(fn.countAll<number>().as("n"))
        .where("user_id", "=", user).where("asked_at", ">=", since).where(without("id")).as("requests"),
      selectFrom("answer_usage").select(sql<number>`sum(prompt_tokens + completion_tokens)`.as("n"))
        .where("user_id", "=", user).where("at", ">=", since).where(without("answer_id")).as("tokens"),
    ]).executeTakeFirstOrThrow();
    return { requests: Number(row.requests), tokens: Number(row.tokens ?? 0) };
  }

  async totals({ from, to }: { from: number; to: number }): Promise<UsageSum[]> {
    const rows = await this.#db.selectFrom("answer_usage")
      .select(["credential_id as credential", "feature", "model"])
      .select(({ fn }) => [
        fn.countAll().as("attempts"),
        fn.sum("prompt_tokens").as("prompt"),
        fn.sum("completion_tokens").as("completion"),
      ])
      .where("at", ">=", from).where("at", "<", to)
      .groupBy(["credential_id", "feature", "model"])
      .orderBy("credential_id").orderBy("feature").orderBy("model").execute();
    return rows.map(({ credential, feature, model, attempts, prompt, completion }) => ({
      ...{ credential, feature, model },
      attempts: Number(attempts),
      promptTokens: Number(prompt),
      completionTokens: Number(completion),
    }));
  }

  sweep(before: number, limit: number): Promise<number> {
    return sweepOld(this.#engine, "answer_usage", ["answer_id", "attempt"], sql`at < ${before}`, limit);
  }
}
