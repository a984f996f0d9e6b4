import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { SqliteDatabase, SqliteStatement } from "kysely";

const MAX_STATEMENTS = 200;

/** Shows `node:sqlite` to kysely, and keeps the statements most recently used prepared. */
export class PreparedStatements implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(text: string): SqliteStatement {
    const statement = this.#statements.get(text) ?? this.#compile(text);
    this.#statements.delete(text);
    this.#statements.set(text, statement);
    if (this.#statements.size > MAX_STATEMENTS) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #compile(text: string): SqliteStatement {
    const statement = this.#database.prepare(text);
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...parameters as SQLInputValue[]),
      run: (parameters) => statement.run(...parameters as SQLInputValue[]),
      iterate: (parameters) => statement.iterate(...parameters as SQLInputValue[]),
    };
  }
}
