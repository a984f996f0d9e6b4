import type { Engine, Trx } from "./engine.ts";
import { executeRows, insertRows } from "./insert_rows.ts";
import type { Insert, Patch, Put, Remove, Row, Table } from "./writes.ts";

type Values = Record<string, string | number | null>;
type Place = Record<string, string | number>;

/** Rows with the same columns. */
interface Alike<R> {
  readonly columns: readonly string[];
  readonly rows: R[];
}

interface HeldTable {
  readonly inserts: Row<Table>[];
  /** By id; what comes later replaces what came before, column by column. */
  readonly patches: Map<string, Values>;
  readonly removes: Place[];
  /** By key, the last one of each. */
  readonly puts: Map<string, Put>;
  /** Whose changes these are. */
  readonly owners: Set<string>;
}

/** Of one statement that takes its rows as JSON; texts of answers make larger ones heavy. */
const ROWS_AT_ONCE = 256;
const CHARACTERS_AT_ONCE = 4_000_000;

/** What many units change in tables, to be done in few statements. */
export class HeldChanges {
  readonly #engine: Engine;
  readonly #trx: Trx;
  readonly #tables = new Map<Table, HeldTable>();

  constructor(engine: Engine, trx: Trx) {
    this.#engine = engine;
    this.#trx = trx;
  }

  insert(owner: string, { table, rows }: Insert): void {
    const { inserts } = this.#held(owner, table);
    for (const row of rows) inserts.push(row);
  }

  patch(owner: string, { table, id, set }: Patch): void {
    const { patches } = this.#held(owner, table);
    patches.set(id, { ...patches.get(id), ...set as Values });
  }

  put(owner: string, put: Put): void {
    const { puts } = this.#held(owner, put.table);
    puts.set(nameOf(put.key, put.row as Values), put);
  }

  remove(owner: string, { table, where }: Remove): void {
    const { puts, removes } = this.#held(owner, table);
    removes.push(where as Place);
    puts.delete(nameOf(Object.keys(where), where as Place));
  }

  async flushBefore(owner: string, table: Table): Promise<void> {
    if (this.#tables.get(table)?.owners.has(owner)) await this.#flush(table);
  }

  async flush(): Promise<void> {
    for (const table of [...this.#tables.keys()]) await this.#flush(table);
  }

  #held(owner: string, table: Table): HeldTable {
    let held = this.#tables.get(table);
    if (held === undefined) {
      held = { inserts: [], patches: new Map(), removes: [], puts: new Map(), owners: new Set() };
      this.#tables.set(table, held);
    }
    held.owners.add(owner);
    return held;
  }

  /**
   * A row that is added and changed in one transaction is there before it is changed; one that is removed and put is
   * removed first, as what was put before is held no more.
   */
  async #flush(table: Table): Promise<void> {
    const held = this.#tables.get(table);
    if (held === undefined) return;
    this.#tables.delete(table);
    await this.#insert(table, held.inserts);
    const patches = [...held.patches].map(([id, set]) => ({ ...set, id }));
    for (const { columns, rows } of alike(patches)) {
      const changed = columns.filter((column) => column !== "id");
      if (changed.length === 0) continue;
      for (const some of pieces(rows)) await this.#engine.patch(table, changed, some).execute(this.#trx);
    }
    for (const { columns, rows } of alike(held.removes)) {
      for (const some of pieces(rows)) await this.#engine.remove(table, columns, some).execute(this.#trx);
    }
    await this.#put(table, [...held.puts.values()]);
  }

  async #insert(table: Table, rows: readonly Row<Table>[]): Promise<void> {
    for (const some of this.#statements(rows)) {
      await insertRows(this.#engine, this.#trx, table, some);
    }
  }

  async #put(table: Table, puts: readonly Put[]): Promise<void> {
    const [first] = puts;
    if (first === undefined) return;
    const key: readonly string[] = first.key;
    const changed = Object.keys(first.row).filter((column) => !key.includes(column));
    for (const some of this.#statements(puts.map(({ row }) => row))) {
      const make = () =>
        this.#trx.insertInto(table).values([...some])
          .onConflict((conflict) =>
            conflict.columns(key as never)
              .doUpdateSet(({ ref }) =>
                Object.fromEntries(
                  changed.map((column) => [column, ref(`excluded.${column}` as never)]),
                ) as never
              )
          );
      await executeRows(this.#engine, this.#trx, `put ${table} ${key.join()}`, some, make);
    }
  }

  /** Parts of which each is one statement. */
  *#statements(rows: readonly Row<Table>[]): Iterable<readonly Row<Table>[]> {
    const columns = Object.keys(rows[0] ?? {}).length;
    for (let start = 0; start < rows.length;) {
      const end = start + this.#engine.rowsPerInsert(rows.length - start, columns);
      yield rows.slice(start, end);
      start = end;
    }
  }
}

function nameOf(columns: readonly string[], values: Values): string {
  return JSON.stringify([...columns].sort().map((column) => [column, values[column]]));
}

function alike<R extends Values>(rows: readonly R[]): Iterable<Alike<R>> {
  const groups = new Map<string, Alike<R>>();
  for (const row of rows) {
    const columns = Object.keys(row).sort();
    const name = columns.join();
    let group = groups.get(name);
    if (group === undefined) groups.set(name, group = { columns, rows: [] });
    group.rows.push(row);
  }
  return groups.values();
}

function* pieces<R extends Values>(rows: readonly R[]): Iterable<R[]> {
  let piece: R[] = [];
  let characters = 0;
  for (const row of rows) {
    piece.push(row);
    for (const value of Object.values(row)) characters += typeof value === "string" ? value.length : 0;
    if (piece.length < ROWS_AT_ONCE && characters < CHARACTERS_AT_ONCE) continue;
    yield piece;
    [piece, characters] = [[], 0];
  }
  if (piece.length > 0) yield piece;
}
