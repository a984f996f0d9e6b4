import type { Kysely } from "kysely";

/** Versions of what is cached, and the changes of it that are still to be told. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ["account", "room"]) {
    await db.schema.alterTable(table)
      .addColumn("version", "bigint", (definition) => definition.notNull().defaultTo(1))
      .execute();
  }
  // Users may have ids that are older than their accounts: those of the guests they were.
  await db.schema.createIndex("account_by_age").on("account").columns(["created_at", "id"]).execute();
  // A row for each version: whoever adds one never waits for who removes another.
  await db.schema.createTable("card_change")
    .addColumn("entity", "text", (column) => column.notNull())
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("version", "bigint", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("card_change_pk", ["entity", "id", "version"])
    .execute();
  await db.schema.createIndex("card_change_by_age").on("card_change").column("at").execute();
}
