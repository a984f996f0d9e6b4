import { Kysely, type RawBuilder, sql, type SqlBool, type TransactionBuilder } from "kysely";
import { type DatabaseOptions, DatabaseStorage } from "./database_storage.ts";
import { type Engine, TRANSACTIONS_AT_ONCE_MAX } from "./engine.ts";
import { migrate } from "./migrations/index.ts";
import { GuardedPostgresDialect } from "./postgres_dialect.ts";
import { openPool, type PoolOptions } from "./postgres_pool.ts";
import type { Database } from "./schema.ts";

export type PostgresOptions = PoolOptions & DatabaseOptions;

/** Connects and brings the schema up to date; several nodes may do so at once. */
export async function openPostgres({ lane, bodies, ...pool }: PostgresOptions): Promise<DatabaseStorage> {
  {
    // Its own connection, without the statement timeout: one node migrates while the others wait for its lock.
    await using engine = new PostgresEngine({ ...pool, connections: 1, statementTimeoutMs: 0 });
    await migrate(engine.db);
  }
  const engine = new PostgresEngine({ warm: WARM, ...pool });
  await engine.warmUp(pool.warm ?? WARM);
  return new DatabaseStorage(engine, engine, { lane, bodies });
}

const MAX_PARAMETERS = 65_535;
/** Enough for shards that move while others work. */
const WARM = 4;

class PostgresEngine implements Engine, AsyncDisposable {
  readonly db: Kysely<Database>;
  readonly rowLocks = true;
  readonly transactionsAtOnce = TRANSACTIONS_AT_ONCE_MAX;

  constructor(pool: PoolOptions) {
    this.db = new Kysely<Database>({ dialect: new GuardedPostgresDialect({ pool: openPool(pool) }) });
  }

  /** A connection takes many times as long to open as a statement to run; at a hand-off, somebody would wait for that. */
  async warmUp(connections: number): Promise<void> {
    await Promise.all(Array.from({ length: connections }, () => sql`select 1`.execute(this.db)));
  }

  transaction(): TransactionBuilder<Database> {
    return this.db.transaction();
  }

  now(): RawBuilder<number> {
    return sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;
  }

  isOneOf(column: string, values: readonly string[] | readonly number[]): RawBuilder<SqlBool> {
    return sql<SqlBool>`${sql.ref(column)} = any(${values})`;
  }

  patch(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, string | number | null>>[],
  ): RawBuilder<unknown> {
    const set = columns.map((column) => sql`${sql.ref(column)} = ${sql.ref(`given.${column}`)}`);
    return sql`update ${sql.table(table)} set ${sql.join(set)}
      from json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::json) as given
      where ${sql.ref(`${table}.id`)} = given.id`;
  }

  remove(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, string | number>>[],
  ): RawBuilder<unknown> {
    const same = columns.map((column) =>
      sql`${sql.ref(`${table}.${column}`)} = ${sql.ref(`given.${column}`)}`
    );
    return sql`delete from ${sql.table(table)}
      using json_populate_recordset(null::${sql.table(table)}, ${JSON.stringify(rows)}::json) as given
      where ${sql.join(same, sql` and `)}`;
  }

  /** A parameter for each value takes half as long again. */
  insert(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, unknown>>[],
  ): RawBuilder<unknown> | undefined {
    if (
      rows.some((row) => columns.some((column) => typeof row[column] === "object" && row[column] !== null))
    ) {
      return undefined;
    }
    const text = JSON.stringify(rows);
    // Half of a pair is no text to the server's JSON, while as a parameter it becomes a replacement character.
    if (text.includes("\\ud")) return undefined;
    const names = sql.join(columns.map((column) => sql.ref(column)));
    return sql`insert into ${sql.table(table)} (${names})
      select ${names} from json_populate_recordset(null::${sql.table(table)}, ${text}::json)`;
  }

  rowsPerInsert(remaining: number, columns: number): number {
    return Math.min(remaining, Math.floor(MAX_PARAMETERS / columns));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db.destroy();
  }
}
