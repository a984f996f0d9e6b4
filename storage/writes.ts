import type { InsertObject } from "kysely";
import type { Trx } from "./engine.ts";
import type { Database } from "./schema.ts";
import type { Write } from "./lane.ts";

export type Table = keyof Database;
export type Row<T extends Table> = InsertObject<Database, T>;

/** Rows to be added; the lane joins those of many units into one statement. */
export type Insert = {
  [T in Table]: {
    readonly kind: "insert";
    readonly table: T;
    readonly rows: readonly Row<T>[];
    /** Columns of which a row with the same values may be there already: then the unit fails with `conflict`. */
    readonly unique?: readonly (keyof Row<T> & string)[];
  };
}[Table];

/**
 * Changes one row that has an `id`; the lane joins what concerns the same columns into one statement. Several of one row
 * in one transaction are the same as the last value of each column.
 */
export type Patch = {
  [T in Table]: {
    readonly kind: "patch";
    readonly table: T;
    readonly id: string;
    readonly set: Partial<Record<keyof Row<T> & string, string | number | null>>;
  };
}[Table];

/** Adds a row or replaces the one with the same key; the lane joins those of many units into one statement. */
export type Put = {
  [T in Table]: {
    readonly kind: "put";
    readonly table: T;
    /** Unique columns. */
    readonly key: readonly (keyof Row<T> & string)[];
    readonly row: Row<T>;
  };
}[Table];

/**
 * Removes the row whose columns have these values. One with the columns of a `put` ends what was put before it in the
 * same transaction; one with other columns must not concern such rows.
 */
export type Remove = {
  [T in Table]: {
    readonly kind: "remove";
    readonly table: T;
    readonly where: Partial<Record<keyof Row<T> & string, string | number>>;
  };
}[Table];

/** Any other change. It runs after all else that concerns `tables` that the same actor made before it. */
export interface Run {
  readonly kind: "run";
  readonly tables: readonly Table[];
  run(trx: Trx): Promise<void>;
  /** Called once its transaction is committed. */
  committed?(): void;
}

export type Change = Insert | Patch | Put | Remove | Run;

export function toWrite(change: Change): Write {
  return change as Change & Write;
}

export function toChange(write: Write): Change {
  return write as Write & Change;
}
