import { DatabaseSync } from "node:sqlite";
import { Kysely, type RawBuilder, sql, type SqlBool, type TransactionBuilder } from "kysely";
import { lockFile } from "./data_directory.ts";
import { type DatabaseOptions, DatabaseStorage } from "./database_storage.ts";
import type { Engine } from "./engine.ts";
import { migrate } from "./migrations/index.ts";
import type { Database } from "./schema.ts";
import { NodeSqliteDialect, UNFLUSHED } from "./sqlite_dialect.ts";

export interface SqliteOptions extends DatabaseOptions {
  /** A file, or `:memory:`. */
  readonly path: string;
  /** Milliseconds since 1970; stands for the database's clock. @default {Date.now} */
  readonly clock?: () => number;
  /** Let go of when the file is closed. */
  readonly lock?: AsyncDisposable;
}

/**
 * Opens the file and brings its schema up to date.
 * @throws {Error} when another process has it open.
 */
export async function openSqlite({ path, clock, lock, ...options }: SqliteOptions): Promise<DatabaseStorage> {
  await using held = new AsyncDisposableStack();
  if (lock !== undefined) held.use(lock);
  if (path !== IN_MEMORY) {
    held.use(await lockFile(`${path}-lock`, `Cannot open the database ${path}`));
    await keepPrivate(path);
  }
  const engine = held.use(new SqliteEngine(path, clock ?? Date.now));
  await migrate(engine.db);
  return new DatabaseStorage(engine, held.move(), options);
}

const IN_MEMORY = ":memory:";

/** What is new is for this user only; its log and index get the same rights from SQLite. */
async function keepPrivate(path: string): Promise<void> {
  (await Deno.open(path, { create: true, write: true, mode: 0o600 })).close();
}

/** For its own tests; whoever stores opens it whole. */
export class SqliteEngine implements Engine, AsyncDisposable {
  readonly db: Kysely<Database>;
  readonly rowLocks = false;
  readonly transactionsAtOnce = 1;
  readonly flush?: () => Promise<void>;
  readonly #clock: () => number;
  #log: Deno.FsFile | undefined;

  constructor(path: string, clock: () => number) {
    const database = new DatabaseSync(path);
    database.exec(`
      PRAGMA busy_timeout = 2000;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA cache_size = -32768;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA wal_autocheckpoint = 4000;
    `);
    this.db = new Kysely<Database>({ dialect: new NodeSqliteDialect(database) });
    this.#clock = clock;
    if (path === IN_MEMORY) return;
    // On a thread beside the event loop, which a commit that flushes by itself would stop for as long.
    this.flush = async () => {
      this.#log ??= await Deno.open(`${path}-wal`, { write: true });
      await this.#log.syncData();
    };
  }

  transaction(): TransactionBuilder<Database> {
    return this.db.transaction().setAccessMode(UNFLUSHED);
  }

  now(): RawBuilder<number> {
    return sql<number>`${this.#clock()}`;
  }

  isOneOf(column: string, values: readonly string[] | readonly number[]): RawBuilder<SqlBool> {
    return sql<SqlBool>`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`;
  }

  patch(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, string | number | null>>[],
  ): RawBuilder<unknown> {
    const set = columns.map((column) => sql`${sql.ref(column)} = ${value(column)}`);
    return sql`update ${sql.table(table)} set ${sql.join(set)} from json_each(${
      JSON.stringify(rows)
    }) as given
      where ${sql.ref(`${table}.id`)} = ${value("id")}`;
  }

  remove(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, string | number>>[],
  ): RawBuilder<unknown> {
    return sql`delete from ${sql.table(table)} where (${
      sql.join(columns.map((column) => sql.ref(column)))
    }) in (
      select ${sql.join(columns.map(value))} from json_each(${JSON.stringify(rows)}) as given)`;
  }

  /** Reading JSON takes longer than binding parameters. */
  insert(): undefined {}

  /** Powers of two, so that a few statements serve every number of rows and stay prepared. */
  rowsPerInsert(remaining: number): number {
    return 2 ** Math.floor(Math.log2(Math.min(remaining, MAX_ROWS_PER_INSERT)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#log?.close();
    await this.db.destroy();
  }
}

// Far inside the limit of 32,766 parameters; longer statements are no faster.
const MAX_ROWS_PER_INSERT = 256;

function value(column: string): RawBuilder<unknown> {
  return sql`given.value ->> ${sql.lit(column)}`;
}
