import type { Kysely } from "kysely";

/** Which process makes the call that was lent. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("lease").addColumn("runner_id", "text").execute();
  await db.schema.alterTable("lease").addColumn("runner_epoch", "bigint").execute();
}
