import type { Kysely, RawBuilder, SqlBool, Transaction, TransactionBuilder } from "kysely";
import type { Database } from "./schema.ts";

/** A third one would find nothing to do: what is not being stored is being taken in and answered meanwhile. */
export const TRANSACTIONS_AT_ONCE_MAX = 2;

export type Trx = Transaction<Database>;

/**
 * What the stores need to know about the database behind kysely. Its queries reject with BarrageError `unavailable`
 * when the database cannot be reached or cannot write, and with the driver's own error when the statement is at fault.
 */
export interface Engine {
  readonly db: Kysely<Database>;
  /** Whether transactions run side by side, so that rows read to be changed must be locked. */
  readonly rowLocks: boolean;
  /** Of the commit lane; 1 where this process stands still while the database works. */
  readonly transactionsAtOnce: 1 | typeof TRANSACTIONS_AT_ONCE_MAX;
  /** For the commit lane: its commit survives this process; the machine, once it was flushed. */
  transaction(): TransactionBuilder<Database>;
  /** Undefined where a commit survives everything. */
  readonly flush?: () => Promise<void>;
  /** The database's clock, in milliseconds, at the moment the statement runs. */
  now(): RawBuilder<number>;
  /** `column` is one of `values`, as a single parameter: the statement's text does not depend on their number. */
  isOneOf(column: string, values: readonly string[] | readonly number[]): RawBuilder<SqlBool>;
  /** Sets `columns` of the rows with these ids; the statement's text does not depend on their number. */
  patch(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, string | number | null>>[],
  ): RawBuilder<unknown>;
  /** Removes the rows in which `columns` have these values, as `patch` changes them. */
  remove(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, string | number>>[],
  ): RawBuilder<unknown>;
  /**
   * Adds the rows, which all have just these columns, by a statement whose text does not depend on their number;
   * undefined where there is none, or none for such values.
   */
  insert(
    table: string,
    columns: readonly string[],
    rows: readonly Readonly<Record<string, unknown>>[],
  ): RawBuilder<unknown> | undefined;
  /** How many of `remaining` rows the next INSERT should take. */
  rowsPerInsert(remaining: number, columns: number): number;
}
