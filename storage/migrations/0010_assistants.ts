import type { Kysely } from "kysely";

/** Who answers in a group or a room, and what is still to be answered. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ["conversation", "room"]) {
    await db.schema.alterTable(table).addColumn("assistant", "text").execute();
  }
  await db.schema.alterTable("conversation").addColumn("questions", "text").execute();
}
