import { BarrageError } from "protocol/errors.ts";
import type { ContactRecord } from "./account_storage.ts";
import type { Engine, Trx } from "./engine.ts";
import type { Write } from "./lane.ts";
import { toWrite } from "./writes.ts";

/** The verified addresses of accounts; an address belongs to one account. */
export class Contacts {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async of(accountIds: readonly string[]): Promise<Map<string, ContactRecord[]>> {
    const rows = await this.#engine.db.selectFrom("account_contact").selectAll()
      .where(this.#engine.isOneOf("account_id", accountIds))
      .orderBy("kind").orderBy("address").execute();
    const byAccount = Map.groupBy(rows, (row) => row.account_id);
    return new Map(
      [...byAccount].map(([id, own]) => [id, own.map(({ kind, address }) => ({ kind, address }))]),
    );
  }

  /** False when another account has it; nothing is written then. */
  async insert(trx: Trx, accountId: string, { kind, address }: ContactRecord): Promise<boolean> {
    const { numInsertedOrUpdatedRows } = await trx.insertInto("account_contact")
      .values({ kind, address, account_id: accountId })
      .onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 1n) return true;
    const owner = await trx.selectFrom("account_contact").select("account_id")
      .where("kind", "=", kind).where("address", "=", address).executeTakeFirst();
    return owner?.account_id === accountId;
  }

  add(accountId: string, contact: ContactRecord): Write {
    return toWrite({
      kind: "run",
      tables: ["account_contact"],
      run: async (trx) => {
        if (await this.insert(trx, accountId, contact)) return;
        throw new BarrageError("conflict", "Cannot add this address: another account has it");
      },
    });
  }

  remove(accountId: string, { kind, address }: ContactRecord): Write {
    return toWrite({
      kind: "run",
      tables: ["account_contact"],
      async run(trx) {
        await trx.deleteFrom("account_contact")
          .where("account_id", "=", accountId).where("kind", "=", kind).where("address", "=", address)
          .execute();
      },
    });
  }
}
