import { getLogger } from "@logtape/logtape";
// @ts-types="@types/pg"
import pg from "pg";

export interface PoolOptions {
  readonly url: string;
  /** Most connections. @default {8} */
  readonly connections?: number;
  /** Open at all times. @default {0} */
  readonly warm?: number;
  /** The server ends a statement after this long; 0 never. @default {10000} */
  readonly statementTimeoutMs?: number;
}

// The server cannot tell us that it is gone: so much later than its own timeout we give up on the connection.
const PATIENCE = 1.5;
const CONNECT_TIMEOUT_MS = 5_000;
const IDLE_CONNECTION_MS = 30_000;

const logger = getLogger(["barrage", "storage"]);

export function openPool(options: PoolOptions): pg.Pool {
  const { url, connections = 8, warm = 0, statementTimeoutMs = 10_000 } = options;
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    min: warm,
    application_name: "barrage",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: IDLE_CONNECTION_MS,
    keepAlive: true,
    ...(statementTimeoutMs > 0 && {
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs * PATIENCE,
      // A node that is frozen inside a transaction must not hold its row locks for ever.
      idle_in_transaction_session_timeout: statementTimeoutMs,
    }),
    types: { getTypeParser },
  });
  pool.on("connect", (client) => client.on("error", reportLoss));
  // The pool repeats the error of an idle client, which has been reported above; without a listener it would
  // end the process.
  pool.on("error", () => {});
  return pool;
}

function reportLoss(error: Error): void {
  logger.warn("Lost a database connection: {reason}", { reason: error.message });
}

function getTypeParser(oid: number, format?: "text" | "binary"): (value: string) => unknown {
  return oid === pg.types.builtins.INT8 && format !== "binary"
    ? parseInteger
    : pg.types.getTypeParser(oid, format);
}

function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot read an integer beyond 2^53: ${text}`);
  return value;
}
