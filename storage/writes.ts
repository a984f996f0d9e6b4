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

/** Any other change. It runs after the inserts into `tables` that the same actor made before it. */
export interface Run {
  readonly kind: "run";
  readonly tables: readonly Table[];
  run(trx: Trx): Promise<void>;
}

export type Change = Insert | Run;

export function toWrite(change: Change): Write {
  return change as Change & Write;
}

export function toChange(write: Write): Change {
  return write as Write & Change;
}
