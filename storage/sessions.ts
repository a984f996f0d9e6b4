import { sql } from "kysely";
import type { CodeRecord, SessionRecord, SessionStore } from "./account_storage.ts";
import { Codes } from "./codes.ts";
import type { Engine } from "./engine.ts";
import type { Write } from "./lane.ts";
import { revoke } from "./revocations.ts";
import type { LoginSessionRow } from "./schema.ts";
import { sweepOld } from "./sweep.ts";
import { toWrite } from "./writes.ts";

export class Sessions implements SessionStore {
  readonly #engine: Engine;
  readonly #codes: Codes;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#codes = new Codes(engine);
  }

  async of(accountId: string): Promise<SessionRecord[]> {
    const rows = await this.#engine.db.selectFrom("login_session").selectAll()
      .where("account_id", "=", accountId).orderBy("created_at").orderBy("id").execute();
    return rows.map(toRecord);
  }

  put(session: SessionRecord): Write {
    return toWrite({
      kind: "run",
      tables: ["login_session"],
      async run(trx) {
        const { id, ...changed } = toRow(session);
        await trx.insertInto("login_session").values({ id, ...changed })
          .onConflict((conflict) => conflict.column("id").doUpdateSet(changed)).execute();
      },
    });
  }

  end(sessions: readonly string[], until: number): Write {
    return toWrite({
      kind: "run",
      tables: ["login_session", "revocation"],
      run: async (trx) => {
        await trx.deleteFrom("login_session").where(this.#engine.isOneOf("id", sessions)).execute();
        await revoke(trx, sessions, until);
      },
    });
  }

  async sweep(now: number, idleMs: number, limit: number): Promise<number> {
    const old = sql<boolean>`ends_at <= ${now} or used_at <= ${now - idleMs}`;
    const sessions = await sweepOld(this.#engine, "login_session", ["id"], old, limit);
    return sessions + await this.#codes.sweep(now, limit);
  }

  codes(accountId: string): Promise<CodeRecord[]> {
    return this.#codes.of(accountId);
  }

  putCode(code: CodeRecord): Write {
    return this.#codes.put(code);
  }

  removeCode(accountId: string, purpose: CodeRecord["purpose"]): Write {
    return this.#codes.remove(accountId, purpose);
  }
}

function toRow(session: SessionRecord): LoginSessionRow {
  const { id, device, address } = session;
  return {
    ...{ id, device, address },
    account_id: session.accountId,
    device_hash: session.deviceHash,
    region: session.region ?? null,
    created_at: session.createdAt,
    used_at: session.usedAt,
    ends_at: session.endsAt,
    confirmed_at: session.confirmedAt,
    refresh_hash: session.refreshHash,
    refreshed_at: session.refreshedAt,
    previous_hash: session.previous?.hash ?? null,
    previous_salt: session.previous?.salt ?? null,
  };
}

function toRecord(row: LoginSessionRow): SessionRecord {
  const { id, device, address, region, previous_hash: hash, previous_salt: salt } = row;
  return {
    ...{ id, device, address },
    accountId: row.account_id,
    deviceHash: row.device_hash,
    ...(region !== null && { region }),
    createdAt: row.created_at,
    usedAt: row.used_at,
    endsAt: row.ends_at,
    confirmedAt: row.confirmed_at,
    refreshHash: row.refresh_hash,
    refreshedAt: row.refreshed_at,
    ...(hash !== null && salt !== null && { previous: { hash, salt } }),
  };
}
