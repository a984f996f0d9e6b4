import type { Kysely } from "kysely";
import type { Database } from "../schema.ts";

export async function up(db: Kysely<Database>): Promise<void> {
  await createConversations(db);
  await createMembers(db);
  await createMessages(db);
}

async function createConversations(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("conversation")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("owner_epoch", "bigint", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("number", "text", (column) => column.unique())
    // Bytes, so that every database compares them alike, and titles that begin alike stand side by side.
    .addColumn("title_key", "bytea")
    .addColumn("settings", "text")
    .addColumn("link", "text")
    .execute();
  await db.schema.createIndex("conversation_by_title").on("conversation").columns(["title_key", "id"])
    .where("title_key", "is not", null).execute();
}

async function createMembers(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("conversation_member")
    .addColumn("conversation_id", "text", (column) => column.notNull())
    .addColumn("user_id", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("visible_from", "bigint", (column) => column.notNull())
    .addColumn("left_seq", "bigint")
    .addColumn("read_seq", "bigint", (column) => column.notNull())
    .addColumn("version", "bigint", (column) => column.notNull())
    .addColumn("muted", "integer", (column) => column.notNull())
    .addColumn("pinned", "integer", (column) => column.notNull())
    .addColumn("archived", "integer", (column) => column.notNull())
    .addColumn("blocked", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("conversation_member_pk", ["conversation_id", "user_id"])
    .execute();
  await db.schema.createIndex("conversation_member_by_user").on("conversation_member")
    .columns(["user_id", "conversation_id"]).execute();
}

async function createMessages(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("conversation_message")
    .addColumn("conversation_id", "text", (column) => column.notNull())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("version", "bigint", (column) => column.notNull())
    .addColumn("changed", "bigint")
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("sender_id", "text", (column) => column.notNull())
    .addColumn("sender_name", "text", (column) => column.notNull())
    .addColumn("client_id", "text")
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("key_version", "integer")
    .addPrimaryKeyConstraint("conversation_message_pk", ["conversation_id", "seq"])
    .execute();
  // Ids that clients make grow with time, so what is inserted together lies together: the sender first would cost a
  // page for each.
  await db.schema.createIndex("conversation_message_by_client").unique().on("conversation_message")
    .columns(["conversation_id", "client_id", "sender_id"]).execute();
  // Of the others `version` grows with `seq`, so the primary key finds them; an index on all costs a quarter of
  // every insert.
  await db.schema.createIndex("conversation_message_by_change").on("conversation_message")
    .columns(["conversation_id", "changed"]).where("changed", "is not", null).execute();
  await db.schema.createTable("conversation_mention")
    .addColumn("conversation_id", "text", (column) => column.notNull())
    .addColumn("user_id", "text", (column) => column.notNull())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("conversation_mention_pk", ["conversation_id", "user_id", "seq"])
    .execute();
}
