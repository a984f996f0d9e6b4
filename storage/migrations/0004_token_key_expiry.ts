import { type Kysely, sql } from "kysely";

// Until now tokens lasted 30 days at most.
const OLD_TOKENS_MS = 31 * 86_400_000;

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("token_key")
    .addColumn("expires_at", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`update token_key set expires_at = ${Date.now() + OLD_TOKENS_MS}`.execute(db);
}
