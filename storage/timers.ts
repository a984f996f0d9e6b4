import type { Engine } from "./engine.ts";
import type { TimerRow } from "./schema.ts";
import type { TimerRecord, TimerStore, Write } from "./storage.ts";
import { toWrite } from "./writes.ts";

const KEY = ["kind", "key", "name"] as const;

export class Timers implements TimerStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  set(timer: TimerRecord): Write {
    return toWrite({ kind: "put", table: "timer", key: KEY, row: toRow(timer) });
  }

  cancel(kind: string, key: string, name: string): Write {
    return toWrite({ kind: "remove", table: "timer", where: { kind, key, name } });
  }

  /** A timer is only done once it has been delivered, so none that is set in the same transaction has its generation. */
  done({ kind, key, name, generation }: TimerRecord): Write {
    return toWrite({ kind: "remove", table: "timer", where: { kind, key, name, generation } });
  }

  async finish({ kind, key, name, generation, shard }: TimerRecord, shardEpoch: number): Promise<void> {
    await this.#engine.db.deleteFrom("timer")
      .where("kind", "=", kind).where("key", "=", key).where("name", "=", name)
      .where("generation", "=", generation)
      .where(({ exists, selectFrom }) =>
        exists(selectFrom("shard").select("n").where("n", "=", shard).where("epoch", "=", shardEpoch))
      )
      .execute();
  }

  async postpone(
    { kind, key, name, generation, shard }: TimerRecord,
    dueAt: number,
    shardEpoch: number,
  ): Promise<void> {
    await this.#engine.db.updateTable("timer").set({ due_at: dueAt })
      .where("kind", "=", kind).where("key", "=", key).where("name", "=", name)
      .where("generation", "=", generation)
      .where(({ exists, selectFrom }) =>
        exists(selectFrom("shard").select("n").where("n", "=", shard).where("epoch", "=", shardEpoch))
      )
      .execute();
  }

  async due(
    shards: readonly number[],
    now: number,
    limit: number,
  ): Promise<{ timers: TimerRecord[]; nextAt: number | undefined }> {
    const owned = this.#engine.db.selectFrom("timer").where(this.#engine.isOneOf("shard", shards));
    const rows = await owned.selectAll().where("due_at", "<=", now).orderBy("due_at").limit(limit + 1)
      .execute();
    const more = rows[limit];
    if (more !== undefined) return { timers: rows.slice(0, limit).map(toRecord), nextAt: more.due_at };
    const next = await owned.select("due_at").where("due_at", ">", now).orderBy("due_at").limit(1)
      .executeTakeFirst();
    return { timers: rows.map(toRecord), nextAt: next?.due_at };
  }
}

function toRow({ dueAt, input, ...timer }: TimerRecord): TimerRow {
  return { ...timer, due_at: dueAt, input: JSON.stringify(input ?? null) };
}

function toRecord({ due_at: dueAt, input, ...timer }: TimerRow): TimerRecord {
  return { ...timer, dueAt, input: JSON.parse(input) as unknown };
}
