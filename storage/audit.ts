import { encodeTime } from "@std/ulid";
import { sql } from "kysely";
import type { AuditRecord, AuditStore } from "./account_storage.ts";
import type { Engine } from "./engine.ts";
import type { Write } from "./lane.ts";
import type { AuditRow } from "./schema.ts";
import { sweepOld } from "./sweep.ts";
import { toWrite } from "./writes.ts";

export class Audit implements AuditStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  record(event: AuditRecord): Write {
    return toWrite({ kind: "insert", table: "audit", rows: [auditRow(event)] });
  }

  async append(events: readonly AuditRecord[]): Promise<void> {
    if (events.length === 0) return;
    await this.#engine.db.insertInto("audit").values(events.map(auditRow))
      .onConflict((conflict) => conflict.column("id").doNothing()).execute();
  }

  async list(page: { subject?: string; before?: string; limit: number }): Promise<AuditRecord[]> {
    const { subject, before, limit } = page;
    let query = this.#engine.db.selectFrom("audit").selectAll().orderBy("id", "desc").limit(limit);
    if (subject !== undefined) query = query.where("subject", "=", subject);
    if (before !== undefined) query = query.where("id", "<", before);
    return (await query.execute()).map(toRecord);
  }

  /** By the time in the ids: they are in order, and the primary key is the only index it takes. */
  sweep(before: number, limit: number): Promise<number> {
    return sweepOld(this.#engine, "audit", ["id"], sql`id < ${encodeTime(before)}`, limit);
  }
}

export function auditRow({ address, device, detail, ...event }: AuditRecord): AuditRow {
  return {
    ...event,
    address: address ?? null,
    device: device ?? null,
    detail: detail === undefined ? null : JSON.stringify(detail),
  };
}

function toRecord({ event, address, device, detail, ...row }: AuditRow): AuditRecord {
  return {
    ...row,
    event: event as AuditRecord["event"],
    ...(address !== null && { address }),
    ...(device !== null && { device }),
    ...(detail !== null && { detail: JSON.parse(detail) as NonNullable<AuditRecord["detail"]> }),
  };
}
