import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Kysely, sql } from "kysely";
import * as tokenKeys from "storage/migrations/0002_token_keys.ts";
import * as tokenKeyExpiry from "storage/migrations/0004_token_key_expiry.ts";
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
