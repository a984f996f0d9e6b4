import { sql } from "kysely";
import { SWITCHES } from "protocol/switches.ts";
import type { AuditRecord } from "./account_storage.ts";
import { auditRow } from "./audit.ts";
import type { Engine, Trx } from "./engine.ts";
import type { SwitchChange, SwitchRecord, SwitchStore } from "./switch_storage.ts";

export class Switches implements SwitchStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async all(): Promise<SwitchRecord[]> {
    return await this.#read(this.#engine.db);
  }

  async put({ name, on, by, forMs }: SwitchChange, audit: AuditRecord): Promise<SwitchRecord> {
    const now = this.#engine.now();
    const change = {
      on: on ? 1 : 0,
      set_by: by,
      set_at: sql<number>`${now}`,
      ends_at: forMs === undefined ? null : sql<number>`${now} + ${forMs}`,
    };
    return await this.#engine.db.transaction().execute(async (trx) => {
      await trx.insertInto("audit").values(auditRow(audit)).execute();
      await trx.insertInto("switch").values({ name, version: 1, ...change })
        .onConflict((conflict) =>
          conflict.column("name").doUpdateSet(({ eb, ref }) => ({
            ...change,
            version: eb(ref("switch.version"), "+", 1),
          }))
        ).execute();
      const record = (await this.#read(trx)).find((each) => each.name === name);
      if (record === undefined) throw new Error("Cannot find the switch that was just set");
      return record;
    });
  }

  async #read(db: Engine["db"] | Trx): Promise<SwitchRecord[]> {
    const rows = await db.selectFrom("switch").selectAll()
      .select(sql<number | null>`ends_at - ${this.#engine.now()}`.as("left_ms")).orderBy("name").execute();
    return rows.flatMap(({ name, version, on, set_by: by, set_at: at, left_ms: leftMs }) => {
      // One of another version of the server.
      const known = SWITCHES.find((each) => each === name);
      if (known === undefined) return [];
      return [{
        name: known,
        version,
        on: on === 1,
        by,
        at,
        ...(leftMs !== null && { leftMs: Number(leftMs) }),
      }];
    });
  }
}
