import type { Kysely } from "kysely";

/** Who helps the owner of a room, and who may not speak in it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ["moderators", "mutes"]) {
    await db.schema.alterTable("room")
      .addColumn(column, "text", (definition) => definition.notNull().defaultTo("[]"))
      .execute();
  }
}
