import type { CompiledQuery } from "kysely";
import type { Engine, Trx } from "./engine.ts";
import type { Row, Table } from "./writes.ts";

type Values = Readonly<Record<string, unknown>>;
type Compiled = Map<string, CompiledQuery>;

/** More than there are tables times sizes. */
const COMPILED_MAX = 500;

const compiled = new WeakMap<Engine["db"], Compiled>();

/**
 * One statement that adds all the rows. Left to itself, kysely makes a node for each value and walks them all to write
 * a text that is the same for as many rows of the same columns: a seventh of the time that a stored message takes.
 */
export async function insertRows(
  engine: Engine,
  trx: Trx,
  table: Table,
  rows: readonly Row<Table>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  if (rows.length > 1 && haveAll(rows, columns)) {
    const whole = engine.insert(table, columns, rows);
    if (whole !== undefined) return void await whole.execute(trx);
    if (isPowerOfTwo(rows.length)) {
      const parameters = rows.flatMap((row: Values) => columns.map((column) => row[column]));
      await trx.executeQuery({ ...statementOf(engine, trx, table, rows, columns), parameters });
      return;
    }
  }
  await trx.insertInto(table).values([...rows]).execute();
}

/** Kept for sizes that come again and again. */
function statementOf(
  { db }: Engine,
  trx: Trx,
  table: Table,
  rows: readonly Row<Table>[],
  columns: readonly string[],
): CompiledQuery {
  let known = compiled.get(db);
  if (known === undefined) compiled.set(db, known = new Map());
  const name = `${table} ${rows.length} ${columns.join()}`;
  const statement = known.get(name) ?? trx.insertInto(table).values([...rows]).compile();
  if (known.size < COMPILED_MAX) known.set(name, statement);
  return statement;
}

function haveAll(rows: readonly Values[], columns: readonly string[]): boolean {
  return rows.every((row) =>
    Object.keys(row).length === columns.length && columns.every((column) => row[column] !== undefined)
  );
}

function isPowerOfTwo(n: number): boolean {
  return (n & (n - 1)) === 0;
}
