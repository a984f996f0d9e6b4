import { encodeTime } from "@std/ulid";
import { type Kysely, sql } from "kysely";
import type { Message } from "protocol/chat.ts";
import type { ReportOutcome, ReportReason } from "protocol/reports.ts";
import type { BodyCipher } from "./body_cipher.ts";
import type { Engine } from "./engine.ts";
import type { Write } from "./lane.ts";
import type { ReportRecord, ReportStore } from "./report_storage.ts";
import type { Database, MessageReportRow } from "./schema.ts";
import { sweepOld } from "./sweep.ts";
import { toWrite } from "./writes.ts";

const ONE_EACH = ["conversation_id", "seq", "reporter_id"] as const;

/** What was reported, sealed like messages, as it repeats what one of them said. */
export class Reports implements ReportStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;
  readonly #cipher: BodyCipher;

  constructor(engine: Engine, cipher: BodyCipher) {
    this.#engine = engine;
    this.#db = engine.db;
    this.#cipher = cipher;
  }

  put(report: ReportRecord): Write {
    const rows = [toRow(report, this.#cipher)];
    return toWrite({ kind: "insert", table: "message_report", rows, unique: ONE_EACH });
  }

  async find(conversation: string, seq: number, reporter: string): Promise<string | undefined> {
    const row = await this.#db.selectFrom("message_report").select("id")
      .where("conversation_id", "=", conversation).where("seq", "=", seq)
      .where("reporter_id", "=", reporter).executeTakeFirst();
    return row?.id;
  }

  async countSince(reporter: string, since: number): Promise<number> {
    const row = await this.#db.selectFrom("message_report").select(({ fn }) => fn.countAll().as("n"))
      .where("reporter_id", "=", reporter).where("id", ">=", encodeTime(since)).executeTakeFirstOrThrow();
    return Number(row.n);
  }

  async read(id: string): Promise<ReportRecord | undefined> {
    const row = await this.#db.selectFrom("message_report").selectAll().where("id", "=", id)
      .executeTakeFirst();
    return row && toRecord(row, this.#cipher);
  }

  async list(
    { state, before, limit }: { state?: ReportRecord["state"]; before?: string; limit: number },
  ): Promise<ReportRecord[]> {
    let query = this.#db.selectFrom("message_report").selectAll().orderBy("id", "desc").limit(limit);
    if (state !== undefined) query = query.where("state", "=", state);
    if (before !== undefined) query = query.where("id", "<", before);
    return (await query.execute()).map((row) => toRecord(row, this.#cipher));
  }

  async settle(id: string, by: string, at: number, outcome: ReportOutcome): Promise<boolean> {
    const { numUpdatedRows } = await this.#db.updateTable("message_report")
      .set({ state: "settled", settled_at: at, settled_by: by, outcome })
      .where("id", "=", id).where("state", "=", "open").executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  sweep(before: number, limit: number): Promise<number> {
    const old = sql<boolean>`state = 'settled' and id < ${encodeTime(before)}`;
    return sweepOld(this.#engine, "message_report", ["id"], old, limit);
  }

  async reseal(after: string | undefined, limit: number) {
    const rows = await this.#db.selectFrom("message_report").selectAll().where("id", ">", after ?? "")
      .orderBy("id").limit(limit).execute();
    let resealed = 0;
    for (const row of rows.filter(({ key_version }) => key_version !== this.#cipher.keyVersion)) {
      const place = placeOf(row);
      const open = this.#cipher.open(place, { body: row.body, keyVersion: row.key_version });
      const { body, keyVersion } = this.#cipher.seal(place, open);
      const { numUpdatedRows } = await this.#db.updateTable("message_report")
        .set({ body, key_version: keyVersion }).where("id", "=", row.id).executeTakeFirstOrThrow();
      resealed += Number(numUpdatedRows);
    }
    const last = rows.at(-1);
    return last && { last: last.id, looked: rows.length, resealed };
  }
}

function placeOf({ conversation_id: conversation, seq }: MessageReportRow) {
  return { conversation, seq };
}

function toRow(report: ReportRecord, cipher: BodyCipher): MessageReportRow {
  const { id, at, state, reason, reporter, note, message } = report;
  const { conversation, seq, sender } = message;
  const { body, keyVersion } = cipher.seal({ conversation, seq }, JSON.stringify({ message, note }));
  return {
    ...{ id, at, state, reason, seq, body },
    reporter_id: reporter.id,
    reporter_name: reporter.name,
    conversation_id: conversation,
    sender_id: sender.id,
    sender_name: sender.name,
    key_version: keyVersion,
    settled_at: report.settledAt ?? null,
    settled_by: report.settledBy ?? null,
    outcome: report.outcome ?? null,
  };
}

function toRecord(row: MessageReportRow, cipher: BodyCipher): ReportRecord {
  const { id, at, state, body, key_version: keyVersion } = row;
  // Only what was a message has been written.
  const sealed = JSON.parse(cipher.open(placeOf(row), { body, keyVersion })) as {
    readonly message: Message;
    readonly note?: string;
  };
  return {
    ...{ id, at, state, ...sealed },
    reason: row.reason as ReportReason,
    reporter: { id: row.reporter_id, name: row.reporter_name },
    ...(row.outcome !== null && { outcome: row.outcome as ReportOutcome }),
    ...(row.settled_at !== null && { settledAt: row.settled_at }),
    ...(row.settled_by !== null && { settledBy: row.settled_by }),
  };
}
