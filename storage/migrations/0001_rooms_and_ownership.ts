import type { Kysely } from "kysely";
import type { Database } from "../schema.ts";

const SHARDS = 256;

export async function up(db: Kysely<Database>): Promise<void> {
  await createOwnership(db);
  await createRooms(db);
  await createTimers(db);
}

async function createOwnership(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("node")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .addColumn("address", "text", (column) => column.notNull())
    .addColumn("version", "text", (column) => column.notNull())
    .addColumn("draining", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createTable("shard")
    .addColumn("n", "integer", (column) => column.primaryKey().notNull())
    .addColumn("owner", "text")
    .addColumn("owner_epoch", "bigint", (column) => column.notNull())
    .addColumn("epoch", "bigint", (column) => column.notNull())
    .execute();
  const rows = Array.from({ length: SHARDS }, (_, n) => ({ n, owner: null, owner_epoch: 0, epoch: 0 }));
  await db.insertInto("shard").values(rows).execute();
}

async function createRooms(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("room")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("owner_epoch", "bigint", (column) => column.notNull())
    .addColumn("title", "text", (column) => column.notNull())
    .addColumn("owner_id", "text", (column) => column.notNull())
    .addColumn("owner_name", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("settings", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .addColumn("head", "bigint", (column) => column.notNull())
    .addColumn("total", "bigint", (column) => column.notNull())
    .execute();
  // Ids are ULIDs, so newest first is the order of the ids.
  await db.schema.createIndex("room_by_state").on("room").columns(["state", "id"]).execute();
  // No foreign key to room and no index on `at`: the fence has already found the room, and items are written in
  // order of time, so trimming walks the primary key. Either would cost a good part of every insert.
  await db.schema.createTable("room_item")
    .addColumn("room_id", "text", (column) => column.notNull())
    .addColumn("offset", "bigint", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("total", "bigint", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("body", "text", (column) => column.notNull())
    .addColumn("said", "text")
    .addPrimaryKeyConstraint("room_item_pk", ["room_id", "offset"])
    .execute();
}

async function createTimers(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("timer")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("generation", "bigint", (column) => column.notNull())
    .addColumn("shard", "integer", (column) => column.notNull())
    .addColumn("due_at", "bigint", (column) => column.notNull())
    .addColumn("verb", "text", (column) => column.notNull())
    .addColumn("input", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("timer_pk", ["kind", "key", "name"])
    .execute();
  // Time first: a node owns many shards, and the next timer of them all is then a few steps along one index.
  await db.schema.createIndex("timer_by_due").on("timer").columns(["due_at", "shard"]).execute();
}
