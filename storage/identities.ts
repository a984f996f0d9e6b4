import { BarrageError } from "protocol/errors.ts";
import type { IdentityRecord } from "./account_storage.ts";
import type { Engine, Trx } from "./engine.ts";
import type { Write } from "./lane.ts";
import type { AccountIdentityRow } from "./schema.ts";
import { toWrite } from "./writes.ts";

/** With which accounts of other providers each account signs in. */
export class Identities {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async owner(issuer: string, subject: string): Promise<string | undefined> {
    const row = await this.#engine.db.selectFrom("account_identity").select("account_id")
      .where("issuer", "=", issuer).where("subject", "=", subject).executeTakeFirst();
    return row?.account_id;
  }

  /** In the order in which they were linked. */
  async of(accountIds: readonly string[]): Promise<Map<string, IdentityRecord[]>> {
    const rows = await this.#engine.db.selectFrom("account_identity").selectAll()
      .where(this.#engine.isOneOf("account_id", accountIds))
      .orderBy("linked_at").orderBy("provider").execute();
    const byAccount = Map.groupBy(rows, (row) => row.account_id);
    return new Map([...byAccount].map(([id, linked]) => [id, linked.map(toRecord)]));
  }

  /** False when it is taken, or the account has another one of this provider; nothing is written then. */
  async insert(trx: Trx, accountId: string, identity: IdentityRecord): Promise<boolean> {
    const row = toRow(accountId, identity);
    const { numInsertedOrUpdatedRows } = await trx.insertInto("account_identity").values(row)
      .onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) return true;
    const own = await trx.selectFrom("account_identity").select("account_id")
      .where("issuer", "=", row.issuer).where("subject", "=", row.subject)
      .where("provider", "=", row.provider).where("account_id", "=", accountId)
      .executeTakeFirst();
    return own !== undefined;
  }

  add(accountId: string, identity: IdentityRecord): Write {
    return toWrite({
      kind: "run",
      tables: ["account_identity"],
      run: async (trx) => {
        if (await this.insert(trx, accountId, identity)) return;
        throw new BarrageError("conflict", "Cannot link this identity: an account has one already");
      },
    });
  }

  remove(accountId: string, provider: string): Write {
    return toWrite({
      kind: "run",
      tables: ["account_identity"],
      async run(trx) {
        await trx.deleteFrom("account_identity")
          .where("account_id", "=", accountId).where("provider", "=", provider).execute();
      },
    });
  }
}

function toRow(accountId: string, { linkedAt, ...identity }: IdentityRecord): AccountIdentityRow {
  return { ...identity, account_id: accountId, linked_at: linkedAt };
}

function toRecord({ provider, issuer, subject, linked_at: linkedAt }: AccountIdentityRow): IdentityRecord {
  return { provider, issuer, subject, linkedAt };
}
