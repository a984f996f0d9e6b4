import type { CompiledQuery } from "kysely";
import { compiledOnce } from "./compiled.ts";
import type { Engine, Trx } from "./engine.ts";
import type { Row, Table } from "./writes.ts";

type Values = Readonly<Record<string, unknown>>;

/** One statement that adds all the rows. */
export async function insertRows(
  engine: Engine,
  trx: Trx,
  table: Table,
  rows: readonly Row<Table>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const whole = rows.length > 1 && haveAll(rows, columns) ? engine.insert(table, columns, rows) : undefined;
  if (whole !== undefined) return void await whole.execute(trx);
  await executeRows(engine, trx, `insert ${table}`, rows, () => trx.insertInto(table).values([...rows]));
}

/** Kept for sizes that come again and again: for a stored message, a seventh of its time. */
export async function executeRows(
  engine: Engine,
  trx: Trx,
  name: string,
  rows: readonly Row<Table>[],
  make: () => { compile(): CompiledQuery; execute(): Promise<unknown> },
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  if (!isPowerOfTwo(rows.length) || !haveAll(rows, columns)) return void await make().execute();
  const parameters = rows.flatMap((row: Values) => columns.map((column) => row[column]));
  const text = `${name} ${rows.length} ${columns.join()}`;
  await trx.executeQuery(compiledOnce(engine, text, () => make().compile(), parameters));
}

function haveAll(rows: readonly Values[], columns: readonly string[]): boolean {
  return rows.every((row) =>
    Object.keys(row).length === columns.length && columns.every((column) => row[column] !== undefined)
  );
}

function isPowerOfTwo(n: number): boolean {
  return (n & (n - 1)) === 0;
}
