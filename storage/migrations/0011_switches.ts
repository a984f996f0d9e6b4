import type { Kysely } from "kysely";

/** What operators have turned off for a while. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.createTable("switch")
    .addColumn("name", "text", (column) => column.primaryKey().notNull())
    .addColumn("version", "bigint", (column) => column.notNull())
    .addColumn("on", "integer", (column) => column.notNull())
    .addColumn("set_by", "text", (column) => column.notNull())
    .addColumn("set_at", "bigint", (column) => column.notNull())
    .addColumn("ends_at", "bigint")
    .execute();
}
