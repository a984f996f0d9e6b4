import { getLogger } from "@logtape/logtape";
import { sql } from "kysely";
import type { CardChange, ChangeStore, Entity } from "./card_storage.ts";
import type { Engine, Trx } from "./engine.ts";
import type { Run } from "./writes.ts";

const log = getLogger(["barrage", "storage"]);

const TABLES = { user: "account", room: "room" } as const satisfies Record<Entity, string>;

type Columns = Readonly<Record<string, string | number | null>>;

export class CardChanges implements ChangeStore {
  readonly #engine: Engine;
  readonly #listeners = new Set<(change: CardChange) => void>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Sets `columns` of the row, raises its version and leaves the change to be told, all in one transaction. */
  update(entity: Entity, id: string, columns: Columns): Run {
    let made: CardChange | undefined;
    return {
      kind: "run",
      tables: [TABLES[entity], "card_change"],
      run: async (trx) => {
        made = undefined;
        const row = await trx.updateTable(TABLES[entity])
          .set({ ...columns, version: sql<number>`version + 1` })
          .where("id", "=", id).returning("version").executeTakeFirst();
        if (row === undefined) return;
        made = { entity, id, version: row.version };
        await this.record(trx, made);
      },
      committed: () => {
        if (made !== undefined) this.tell(made);
      },
    };
  }

  async record(trx: Trx, change: CardChange): Promise<void> {
    await trx.insertInto("card_change").values({ ...change, at: this.#engine.now() }).execute();
  }

  tell(change: CardChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        log.error("Cannot tell of {entity} {id}: {error}", { ...change, error });
      }
    }
  }

  watch(listener: (change: CardChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async untold(ageMs: number, limit: number): Promise<CardChange[]> {
    const rows = await this.#engine.db.selectFrom("card_change").select(["entity", "id", "version"])
      .where("at", "<=", sql<number>`${this.#engine.now()} - ${sql.lit(Math.trunc(ageMs))}`)
      .orderBy("at").limit(limit).execute();
    return rows.map(({ entity, id, version }) => ({ entity, id, version }));
  }

  async settle(changes: readonly CardChange[]): Promise<void> {
    if (changes.length === 0) return;
    const rows = changes.map(({ entity, id, version }) => ({ entity, id, version }));
    // Two nodes may settle the same: in one order, neither waits for the other in a circle.
    rows.sort((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : a.version - b.version);
    await this.#engine.remove("card_change", ["entity", "id", "version"], rows).execute(this.#engine.db);
  }
}
