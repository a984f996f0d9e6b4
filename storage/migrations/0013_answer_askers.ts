import type { Kysely } from "kysely";
import type { Database } from "../schema.ts";

/** Who has joined an answer that somebody else had asked for first, to be found when they are gone. */
export async function up(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("answer_asker")
    .addColumn("user_id", "text", (column) => column.notNull())
    .addColumn("answer_id", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("answer_asker_pk", ["user_id", "answer_id"])
    .execute();
  await db.schema.createIndex("answer_asker_by_answer").on("answer_asker").column("answer_id").execute();
}
