import type { Engine, Trx } from "./engine.ts";
import type { Fence } from "./lane.ts";
import type { Change, Insert, Row, Table } from "./writes.ts";

/** What one actor wants done, all or nothing. */
export interface Work {
  readonly fence: Fence;
  readonly changes: readonly Change[];
}

/**
 * Carries out the changes of all units. Inserts are held back and joined per table; whatever else the same actor
 * does to that table waits for them, so every actor sees its own changes in its own order.
 */
export async function carryOut(engine: Engine, trx: Trx, units: readonly Work[]): Promise<void> {
  const held = new HeldInserts(engine, trx);
  for (const { fence, changes } of units) {
    for (const change of changes) {
      switch (change.kind) {
        case "insert":
          held.add(fence.id, change);
          break;
        case "run":
          for (const table of change.tables) await held.flushBefore(fence.id, table);
          await change.run(trx);
          break;
      }
    }
  }
  await held.flush();
}

class HeldInserts {
  readonly #engine: Engine;
  readonly #trx: Trx;
  readonly #tables = new Map<Table, { readonly rows: Row<Table>[]; readonly owners: Set<string> }>();

  constructor(engine: Engine, trx: Trx) {
    this.#engine = engine;
    this.#trx = trx;
  }

  add(owner: string, { table, rows }: Insert): void {
    let held = this.#tables.get(table);
    if (held === undefined) this.#tables.set(table, held = { rows: [], owners: new Set() });
    held.owners.add(owner);
    for (const row of rows) held.rows.push(row);
  }

  async flushBefore(owner: string, table: Table): Promise<void> {
    if (this.#tables.get(table)?.owners.has(owner)) await this.#insert(table);
  }

  async flush(): Promise<void> {
    for (const table of [...this.#tables.keys()]) await this.#insert(table);
  }

  async #insert(table: Table): Promise<void> {
    const rows = this.#tables.get(table)?.rows ?? [];
    this.#tables.delete(table);
    const columns = Object.keys(rows[0] ?? {}).length;
    for (let start = 0; start < rows.length;) {
      const end = start + this.#engine.rowsPerInsert(rows.length - start, columns);
      await this.#trx.insertInto(table).values(rows.slice(start, end)).execute();
      start = end;
    }
  }
}
