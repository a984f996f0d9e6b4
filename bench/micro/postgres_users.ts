// @ts-types="@types/pg"
import pg from "pg";
import { userId } from "./read_users.ts";

const PAGE = 1_000;

/** Adds so many users to an empty database of ours. */
export async function insertUsers(url: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (let from = 0; from < count; from += PAGE) {
      const rows = Array.from({ length: Math.min(PAGE, count - from) }, (_, n) => user(from + n));
      await client.query(
        "INSERT INTO account SELECT * FROM json_populate_recordset(null::account, $1::json)",
        [JSON.stringify(rows)],
      );
    }
    await client.query("ANALYZE account");
  } finally {
    await client.end();
  }
}

function user(n: number) {
  return {
    id: userId(n),
    owner_epoch: 0,
    login: `user${n}`,
    name: `User ${n}`,
    avatar_url: `https://example.org/${n}.png`,
    bio: "Somebody who says a few words of himself, as most people do who have a profile somewhere.",
    privacy: JSON.stringify({ bio: "everyone", presence: "everyone" }),
    role: "user",
    state: "active",
    password: null,
    created_at: 1_767_225_600_000,
    version: 1,
  };
}
