import type { DatabaseSync } from "node:sqlite";
import {
  type DatabaseConnection,
  type Dialect,
  type Kysely,
  SqliteAdapter,
  SqliteDriver,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
} from "kysely";
import { BarrageError } from "protocol/errors.ts";
import { translateErrors } from "./driver_errors.ts";
import { PreparedStatements } from "./sqlite_statements.ts";

/** The access mode says nothing to this database, so it marks transactions whose maker flushes the log by himself. */
export const UNFLUSHED = "read write";

/** Kysely over `node:sqlite`. */
export class NodeSqliteDialect implements Dialect {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }

  createDriver(): SqliteDriver {
    return new NodeSqliteDriver(this.#database);
  }

  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }
}

/** Kysely plays safe; the database itself rolls back schema changes like any other. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class NodeSqliteDriver extends SqliteDriver {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    super({
      database: new PreparedStatements(database),
      onCreateConnection: (connection) => Promise.resolve(translateErrors(connection, translate)),
    });
    this.#database = database;
  }

  override async beginTransaction(
    connection: DatabaseConnection,
    settings?: TransactionSettings,
  ): Promise<void> {
    if (settings?.accessMode === UNFLUSHED) this.#database.exec("PRAGMA synchronous = NORMAL");
    await super.beginTransaction(connection);
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await super.commitTransaction(connection);
    this.#flushed();
  }

  /** Some failures, a full disk for one, have already rolled back. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction) await super.rollbackTransaction(connection);
    this.#flushed();
  }

  /** Whoever comes next flushes with the commit, unless told otherwise. */
  #flushed(): void {
    this.#database.exec("PRAGMA synchronous = FULL");
  }
}

// BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB (sqlite.org/rescode.html):
// not the fault of the statement.
const UNAVAILABLE = new Set([5, 6, 7, 8, 10, 11, 13, 14, 15, 26]);

// SQLITE_CONSTRAINT_UNIQUE; a primary key is another code: keys are given by us, and a clash of them is our mistake.
const NOT_UNIQUE = 2067;

function translate(error: unknown): unknown {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : 0;
  if (code === NOT_UNIQUE) return new BarrageError("conflict", undefined, { cause: error });
  return UNAVAILABLE.has(code & 0xff)
    ? new BarrageError("unavailable", "The database cannot be read or written", { cause: error })
    : error;
}
