import { type DatabaseConnection, PostgresDialect, type PostgresDialectConfig, PostgresDriver } from "kysely";
// @ts-types="@types/pg"
import pg from "pg";
import { BarrageError } from "protocol/errors.ts";
import { translateErrors } from "./driver_errors.ts";

/** Kysely over `pg`, with lost connections told apart from wrong statements and never used again. */
export class GuardedPostgresDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): PostgresDriver {
    return new GuardedDriver(this.#config);
  }
}

type Connection = Parameters<PostgresDriver["releaseConnection"]>[0];

class GuardedDriver extends PostgresDriver {
  readonly #guarded = new WeakSet<DatabaseConnection>();
  readonly #lost = new WeakMap<DatabaseConnection, BarrageError>();

  override async acquireConnection(): Promise<DatabaseConnection> {
    let connection: DatabaseConnection;
    try {
      connection = await super.acquireConnection();
    } catch (error) {
      throw unavailable(error);
    }
    if (!this.#guarded.has(connection)) {
      this.#guarded.add(connection);
      this.#guard(connection);
    }
    return connection;
  }

  override async releaseConnection(connection: Connection): Promise<void> {
    const loss = this.#lost.get(connection);
    if (loss !== undefined) {
      // Kysely has the pool drop a connection only after a failed rollback, and this one fails at once.
      await super.rollbackTransaction(connection).catch((error) => {
        if (error !== loss) throw error;
      });
    }
    await super.releaseConnection(connection);
  }

  #guard(connection: DatabaseConnection): void {
    const translate = (error: unknown) => {
      if (isNotUnique(error)) return new BarrageError("conflict", undefined, { cause: error });
      if (!isOutage(error)) return error;
      const loss = unavailable(error);
      this.#lost.set(connection, loss);
      return loss;
    };
    translateErrors(connection, translate, () => this.#lost.get(connection));
  }
}

function unavailable(cause: unknown): BarrageError {
  return new BarrageError("unavailable", "The database cannot be reached", { cause });
}

// Connection exceptions, insufficient resources, operator intervention, read-only standby
// (postgresql.org/docs/current/errcodes-appendix.html).
const OUTAGE = /^(08|53|57|58|25006|25P03)/;

/** Whatever does not come from the server as an error of the statement is the connection's. */
function isOutage(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return OUTAGE.test(error.code ?? "");
  return error instanceof Error && !(error instanceof TypeError) && !(error instanceof RangeError);
}

// unique_violation; of a primary key it is not a conflict: keys are given by us, and a clash of them is our mistake.
const NOT_UNIQUE = "23505";
const PRIMARY_KEY = /_(pk|pkey)$/;

function isNotUnique(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === NOT_UNIQUE &&
    !PRIMARY_KEY.test(error.constraint ?? "");
}
