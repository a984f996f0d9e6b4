import { type RawBuilder, sql, type SqlBool } from "kysely";
import type { Engine } from "./engine.ts";
import type { Table } from "./writes.ts";

/**
 * Removes at most `limit` rows that are `old`; how many there were. It passes over rows that somebody is changing: it
 * never waits while it holds others, so it cannot stand in a circle with the commit lanes.
 * @param key The primary key of `table`.
 */
export async function sweepOld(
  engine: Engine,
  table: Table,
  key: readonly string[],
  old: RawBuilder<SqlBool>,
  limit: number,
): Promise<number> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  const { numAffectedRows } = await sql`
    delete from ${sql.table(table)} where (${columns}) in (
      select ${columns} from ${sql.table(table)} where ${old} limit ${limit}
      ${engine.rowLocks ? sql`for update skip locked` : sql``}
    )`.execute(engine.db);
  return Number(numAffectedRows ?? 0);
}
