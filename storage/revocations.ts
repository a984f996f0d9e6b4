import { sql } from "kysely";
import type { Revocation, RevocationStore } from "./account_storage.ts";
import type { Engine, Trx } from "./engine.ts";
import { sweepOld } from "./sweep.ts";

/**
 * A revocation gets its number when it is first read, not when it is written. Transactions side by side do not become
 * visible in the order in which they take numbers, so a reader that has seen 8 could never ask for a 7 that commits
 * later; and numbering under a lock held until the commit would make the lanes of all nodes wait for each other, for
 * seconds if one of them freezes. Readers number only what they can see, one reader at a time: whatever becomes
 * visible later gets a greater number.
 */
export class Revocations implements RevocationStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async after(n: number, now: number, limit: number): Promise<Revocation[]> {
    const unnumbered = await this.#engine.db.selectFrom("revocation").select("id").where("n", "is", null)
      .limit(1).executeTakeFirst();
    if (unnumbered !== undefined) await this.#engine.db.transaction().execute((trx) => this.#number(trx));
    const rows = await this.#engine.db.selectFrom("revocation").select(["id", "until", "n"])
      .$narrowType<{ n: number }>()
      .where("n", ">", n).where("until", ">", now)
      .orderBy("n").limit(limit).execute();
    return rows.map((row) => ({ ...row }));
  }

  async has(id: string): Promise<boolean> {
    const row = await this.#engine.db.selectFrom("revocation").select("id").where("id", "=", id)
      .executeTakeFirst();
    return row !== undefined;
  }

  sweep(now: number, limit: number): Promise<number> {
    return sweepOld(this.#engine, "revocation", ["id"], sql`until <= ${now}`, limit);
  }

  async #number(trx: Trx): Promise<void> {
    let heads = trx.selectFrom("revocation_head").select("n");
    let unnumbered = trx.selectFrom("revocation").select("id").where("n", "is", null);
    if (this.#engine.rowLocks) {
      heads = heads.forUpdate();
      unnumbered = unnumbered.forUpdate().skipLocked(); // what is just being prolonged is numbered after that
    }
    const head = await heads.executeTakeFirstOrThrow();
    const next = sql<number>`row_number() over (order by id) + ${head.n}`.as("next");
    const { numUpdatedRows } = await trx.updateTable("revocation")
      .from(trx.selectFrom(unnumbered.as("unnumbered")).select(["id", next]).as("numbered"))
      .set(({ ref }) => ({ n: ref("numbered.next") }))
      .whereRef("revocation.id", "=", "numbered.id")
      .executeTakeFirstOrThrow();
    await trx.updateTable("revocation_head").set({ n: head.n + Number(numUpdatedRows) }).execute();
  }
}

/** One that is revoked already stays so, at least until then. */
export async function revoke(trx: Trx, ids: readonly string[], until: number): Promise<void> {
  if (ids.length === 0) return;
  // In one order, so that no two transactions wait for each other in a circle.
  const rows = [...new Set(ids)].sort().map((id) => ({ id, until }));
  await trx.insertInto("revocation").values(rows)
    .onConflict((conflict) =>
      conflict.column("id").doUpdateSet({ until, n: null }).where("revocation.until", "<", until)
    )
    .execute();
}
