// @ts-types="@types/pg"
import pg from "pg";
import type { Part } from "./bare_sqlite.ts";

// A parameter for each value takes half as long again.
const INSERT = "INSERT INTO bare_message SELECT * FROM json_populate_recordset(null::bare_message, $1::json)";

/**
 * Rows a second when the messages of a database go into an equal table beside them, so many in a transaction; nothing
 * but that. Those before and after the part are not timed.
 */
export async function insertBarePostgres(url: string, { from, to, batch }: Part): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query("CREATE TABLE bare_message (LIKE conversation_message INCLUDING ALL)");
    const { rows } = await client.query("SELECT * FROM conversation_message");
    const insert = async (start: number, end: number) => {
      await client.query("BEGIN");
      await client.query(INSERT, [JSON.stringify(rows.slice(start, end))]);
      await client.query("COMMIT");
    };
    for (let at = 0; at < from; at += batch) await insert(at, Math.min(at + batch, from));
    const began = performance.now();
    for (let at = from; at < to; at += batch) await insert(at, Math.min(at + batch, to));
    return (to - from) / (performance.now() - began) * 1_000;
  } finally {
    await client.end();
  }
}
