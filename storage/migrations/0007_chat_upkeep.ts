import { type Kysely, sql } from "kysely";
import type { Database } from "../schema.ts";

/** What devices have got, where history begins, what was reported, and who was seen when. */
export async function up(db: Kysely<Database>): Promise<void> {
  await db.schema.alterTable("conversation_member")
    .addColumn("delivered_seq", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`update conversation_member set delivered_seq = read_seq`.execute(db);
  await extendConversations(db);
  await createReports(db);
  await db.schema.createTable("last_seen")
    .addColumn("user_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
}

async function extendConversations(db: Kysely<Database>): Promise<void> {
  for (const [column, initial] of [["first_seq", 1], ["swept_version", 0], ["oldest_at", 0]] as const) {
    await db.schema.alterTable("conversation")
      .addColumn(column, "bigint", (definition) => definition.notNull().defaultTo(initial))
      .execute();
  }
  for (const column of ["retention_days", "expires_at"]) {
    await db.schema.alterTable("conversation").addColumn(column, "bigint").execute();
  }
  await sql`update conversation set oldest_at = created_at`.execute(db);
  await db.schema.createIndex("conversation_by_age").on("conversation").column("oldest_at").execute();
  await db.schema.createIndex("conversation_by_expiry").on("conversation").column("expires_at")
    .where("expires_at", "is not", null).execute();
}

async function createReports(db: Kysely<Database>): Promise<void> {
  // Ids are ULIDs, so the primary key is the order of time.
  await db.schema.createTable("message_report")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("reporter_id", "text", (column) => column.notNull())
    .addColumn("reporter_name", "text", (column) => column.notNull())
    .addColumn("conversation_id", "text", (column) => column.notNull())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("sender_id", "text", (column) => column.notNull())
    .addColumn("sender_name", "text", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("key_version", "integer")
    .addColumn("settled_at", "bigint")
    .addColumn("settled_by", "text")
    .addColumn("outcome", "text")
    .execute();
  await db.schema.createIndex("message_report_by_message").unique().on("message_report")
    .columns(["conversation_id", "seq", "reporter_id"]).execute();
  await db.schema.createIndex("message_report_by_state").on("message_report").columns(["state", "id"])
    .execute();
  await db.schema.createIndex("message_report_by_reporter").on("message_report")
    .columns(["reporter_id", "id"]).execute();
}
