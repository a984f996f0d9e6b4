import type { Kysely } from "kysely";

/** Public halves of the keys that sign tokens, so that every node can check what another one issued. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createTable("token_key")
    .addColumn("kid", "text", (column) => column.primaryKey())
    .addColumn("public_key", "text", (column) => column.notNull())
    .execute();
}
