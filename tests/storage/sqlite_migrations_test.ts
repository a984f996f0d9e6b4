import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Kysely, sql } from "kysely";
import * as rooms from "storage/migrations/0001_rooms_and_ownership.ts";
import * as tokenKeys from "storage/migrations/0002_token_keys.ts";
import * as tokenKeyExpiry from "storage/migrations/0004_token_key_expiry.ts";
import * as roomModerators from "storage/migrations/0005_room_moderators.ts";
import type { Database } from "storage/schema.ts";
import { NodeSqliteDialect } from "storage/sqlite_dialect.ts";

const DAY_MS = 86_400_000;

Deno.test("[D92] sqlite: keys of a database from before they expired stay known for 31 days", async () => {
  await using db = new Kysely<unknown>({ dialect: new NodeSqliteDialect(new DatabaseSync(":memory:")) });
  await tokenKeys.up(db);
  await sql`insert into token_key values ('old', '{}')`.execute(db);
  const now = Date.now();
  await tokenKeyExpiry.up(db);
  const { rows: [key] } = await sql<{ expires_at: number }>`select expires_at from token_key`.execute(db);
  assert(key !== undefined && key.expires_at > now + 30 * DAY_MS && key.expires_at < now + 32 * DAY_MS);
});

Deno.test("[M100] [M102] sqlite: rooms of a database from before have no moderators, and nobody is muted", async () => {
  const file = new DatabaseSync(":memory:");
  const dialect = new NodeSqliteDialect(file);
  await using before = new Kysely<Database>({ dialect });
  await rooms.up(before);
  file.exec(
    `insert into room (id, owner_epoch, title, owner_id, owner_name, state, settings, created_at, head, total)
    values ('a', 1, 'Old', 'b', 'Ann', 'live', '{}', 1, 0, 0)`,
  );
  await roomModerators.up(new Kysely<unknown>({ dialect }));
  const room = file.prepare("select moderators, mutes from room").get();
  assert.deepEqual({ ...room }, { moderators: "[]", mutes: "[]" });
});
