import { sql } from "kysely";
import type { CodeRecord } from "./account_storage.ts";
import type { Engine } from "./engine.ts";
import type { Write } from "./lane.ts";
import type { OneTimeCodeRow } from "./schema.ts";
import { sweepOld } from "./sweep.ts";
import { toWrite } from "./writes.ts";

/** The codes that were sent to addresses and not used yet. */
export class Codes {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async of(accountId: string): Promise<CodeRecord[]> {
    const rows = await this.#engine.db.selectFrom("one_time_code").selectAll()
      .where("account_id", "=", accountId).orderBy("purpose").execute();
    return rows.map(toRecord);
  }

  put(code: CodeRecord): Write {
    return toWrite({
      kind: "run",
      tables: ["one_time_code"],
      async run(trx) {
        const { account_id, purpose, ...changed } = toRow(code);
        await trx.insertInto("one_time_code").values({ account_id, purpose, ...changed })
          .onConflict((conflict) => conflict.columns(["account_id", "purpose"]).doUpdateSet(changed))
          .execute();
      },
    });
  }

  remove(accountId: string, purpose: CodeRecord["purpose"]): Write {
    return toWrite({
      kind: "run",
      tables: ["one_time_code"],
      async run(trx) {
        await trx.deleteFrom("one_time_code")
          .where("account_id", "=", accountId).where("purpose", "=", purpose).execute();
      },
    });
  }

  sweep(now: number, limit: number): Promise<number> {
    return sweepOld(
      this.#engine,
      "one_time_code",
      ["account_id", "purpose"],
      sql`expires_at <= ${now}`,
      limit,
    );
  }
}

function toRow({ accountId, codeHash, expiresAt, triesLeft, ...code }: CodeRecord): OneTimeCodeRow {
  return {
    ...code,
    account_id: accountId,
    code_hash: codeHash,
    expires_at: expiresAt,
    tries_left: triesLeft,
  };
}

function toRecord(
  { account_id: accountId, code_hash: codeHash, expires_at: expiresAt, tries_left: triesLeft, ...code }:
    OneTimeCodeRow,
): CodeRecord {
  return { ...code, accountId, codeHash, expiresAt, triesLeft };
}
