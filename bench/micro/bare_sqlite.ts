import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

/** Of the rows in the order they were stored. */
export interface Part {
  readonly from: number;
  readonly to: number;
  /** Rows in one transaction. */
  readonly batch: number;
}

// Shorter and longer statements are no faster.
const ROWS_PER_STATEMENT = 32;

/**
 * Rows a second when the messages of a database go into an equal table of another one, so many in a transaction, with
 * the settings of a node; nothing but that. Those before and after the part are not timed.
 */
export function insertBareSqlite(source: string, target: string, { from: first, to, batch }: Part): number {
  using from = new DatabaseSync(source, { readOnly: true });
  using into = new DatabaseSync(target);
  into.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -32768;
    PRAGMA wal_autocheckpoint = 4000;
  `);
  const definitions = from.prepare("SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL")
    .all("conversation_message");
  for (const { sql } of definitions) into.exec(String(sql));
  const rows = from.prepare("SELECT * FROM conversation_message ORDER BY rowid").all()
    .map((row) => Object.values(row) as SQLInputValue[]);
  const statements = new Statements(into, rows[0]?.length ?? 0);
  const insert = (start: number, end: number) => {
    into.exec("BEGIN");
    for (let at = start; at < end; at += ROWS_PER_STATEMENT) {
      const some = rows.slice(at, Math.min(at + ROWS_PER_STATEMENT, end));
      statements.of(some.length).run(...some.flat());
    }
    into.exec("COMMIT");
  };
  for (let at = 0; at < first; at += batch) insert(at, Math.min(at + batch, first));
  const began = performance.now();
  for (let at = first; at < to; at += batch) insert(at, Math.min(at + batch, to));
  return (to - first) / (performance.now() - began) * 1_000;
}

class Statements {
  readonly #database: DatabaseSync;
  readonly #columns: number;
  readonly #prepared = new Map<number, StatementSync>();

  constructor(database: DatabaseSync, columns: number) {
    this.#database = database;
    this.#columns = columns;
  }

  /** Inserts so many rows. */
  of(rows: number): StatementSync {
    const known = this.#prepared.get(rows);
    if (known !== undefined) return known;
    const row = `(${Array(this.#columns).fill("?").join()})`;
    const text = `INSERT INTO conversation_message VALUES ${Array(rows).fill(row).join()}`;
    const statement = this.#database.prepare(text);
    this.#prepared.set(rows, statement);
    return statement;
  }
}
