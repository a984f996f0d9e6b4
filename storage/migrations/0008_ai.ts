import { type Kysely, sql, type SqlBool } from "kysely";
import type { Database } from "../schema.ts";

export async function up(db: Kysely<Database>): Promise<void> {
  await createPools(db);
  await createCredentials(db);
  await createAnswers(db);
  await createUsage(db);
  await createFiles(db);
  await createThreads(db);
  await createRemovals(db);
}

async function createPools(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("pool")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("owner_epoch", "bigint", (column) => column.notNull())
    .addColumn("resting", "integer", (column) => column.notNull())
    .execute();
  await db.schema.createTable("lease")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("pool_id", "text", (column) => column.notNull())
    .addColumn("credential_id", "text", (column) => column.notNull())
    .addColumn("answer_id", "text", (column) => column.notNull())
    .addColumn("user_id", "text", (column) => column.notNull())
    .addColumn("attempt", "integer", (column) => column.notNull())
    .addColumn("digest", "text")
    .addColumn("granted_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("lease_by_pool").on("lease").columns(["pool_id", "id"]).execute();
  await db.schema.createTable("pool_use_state")
    .addColumn("pool_id", "text", (column) => column.notNull())
    .addColumn("credential_id", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("until", "bigint")
    .addColumn("learned", "integer", (column) => column.notNull())
    .addColumn("why", "text")
    .addPrimaryKeyConstraint("pool_use_state_pk", ["pool_id", "credential_id"])
    .execute();
}

async function createCredentials(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("credential")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("label", "text", (column) => column.notNull())
    .addColumn("base_url", "text")
    .addColumn("sealed", "text", (column) => column.notNull())
    .addColumn("key_version", "integer", (column) => column.notNull())
    .addColumn("uses", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .execute();
}

async function createAnswers(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("answer")
    // Not the primary key: an id that is taken is a conflict that its asker is told of, not a mistake of ours.
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("owner_epoch", "bigint", (column) => column.notNull())
    .addColumn("pool_id", "text", (column) => column.notNull())
    .addColumn("user_id", "text", (column) => column.notNull())
    .addColumn("askers", "text", (column) => column.notNull())
    .addColumn("thread_id", "text")
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("feature", "text", (column) => column.notNull())
    .addColumn("request", "text", (column) => column.notNull())
    .addColumn("request_key", "integer")
    .addColumn("band", "text", (column) => column.notNull())
    .addColumn("detached", "integer", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("attempt", "integer", (column) => column.notNull())
    .addColumn("exclude", "text", (column) => column.notNull())
    .addColumn("job_credential", "text")
    .addColumn("job", "text")
    .addColumn("digest", "text")
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("text_key", "integer")
    .addColumn("files", "text", (column) => column.notNull())
    .addColumn("reason", "text")
    .addColumn("usage", "text")
    .addColumn("error", "text")
    .addColumn("asked_at", "bigint", (column) => column.notNull())
    .addColumn("until", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .execute();
  await db.schema.createIndex("answer_by_id").unique().on("answer").column("id").execute();
  await db.schema.createIndex("answer_waiting").on("answer").columns(["pool_id", "id"])
    .where(sql<SqlBool>`state = 'waiting'`).execute();
  await db.schema.createIndex("answer_by_user").on("answer").columns(["user_id", "asked_at", "id"])
    .execute();
  await db.schema.createIndex("answer_by_end").on("answer").column("ended_at")
    .where("ended_at", "is not", null).execute();
}

async function createUsage(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("answer_usage")
    .addColumn("answer_id", "text", (column) => column.notNull())
    .addColumn("attempt", "integer", (column) => column.notNull())
    .addColumn("user_id", "text", (column) => column.notNull())
    .addColumn("credential_id", "text", (column) => column.notNull())
    .addColumn("feature", "text", (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("outcome", "text", (column) => column.notNull())
    .addColumn("prompt_tokens", "bigint", (column) => column.notNull())
    .addColumn("completion_tokens", "bigint", (column) => column.notNull())
    .addColumn("estimated", "integer", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("answer_usage_pk", ["answer_id", "attempt"])
    .execute();
  await db.schema.createIndex("answer_usage_by_user").on("answer_usage").columns(["user_id", "at"]).execute();
  await db.schema.createIndex("answer_usage_by_time").on("answer_usage").column("at").execute();
}

async function createFiles(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("ai_file")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("answer_id", "text", (column) => column.notNull())
    .addColumn("type", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("content", "bytea", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("ai_file_by_answer").on("ai_file").column("answer_id").execute();
}

async function createThreads(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("thread")
    .addColumn("id", "text", (column) => column.notNull())
    .addColumn("owner_epoch", "bigint", (column) => column.notNull())
    .addColumn("owner_id", "text", (column) => column.notNull())
    .addColumn("owner_name", "text", (column) => column.notNull())
    .addColumn("title", "text", (column) => column.notNull())
    .addColumn("title_key", "integer")
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("thread_by_id").unique().on("thread").column("id").execute();
  await db.schema.createIndex("thread_by_owner").on("thread").columns(["owner_id", "changed_at", "id"])
    .execute();
  await db.schema.createIndex("thread_by_change").on("thread").column("changed_at").execute();
  await db.schema.createTable("thread_turn")
    .addColumn("thread_id", "text", (column) => column.notNull())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("question", "text", (column) => column.notNull())
    .addColumn("question_key", "integer")
    .addColumn("answer_id", "text", (column) => column.notNull())
    .addColumn("replaced_by", "bigint")
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("thread_turn_pk", ["thread_id", "seq"])
    .execute();
  await db.schema.createIndex("thread_turn_by_answer").on("thread_turn").column("answer_id").execute();
}

/** Those of whom something may still be there: short, as each goes when nothing is left. */
async function createRemovals(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("ai_removal")
    .addColumn("user_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .execute();
}
