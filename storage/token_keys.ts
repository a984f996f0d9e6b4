import { sql } from "kysely";
import type { Engine } from "./engine.ts";
import type { TokenKeyStore } from "./storage.ts";
import { sweepOld } from "./sweep.ts";

export class TokenKeys implements TokenKeyStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async publish(kid: string, publicKey: Readonly<Record<string, unknown>>, expiresAt: number): Promise<void> {
    await this.#engine.db.insertInto("token_key")
      .values({ kid, public_key: JSON.stringify(publicKey), expires_at: expiresAt })
      .onConflict((conflict) =>
        conflict.column("kid").doUpdateSet({ expires_at: expiresAt })
          .where("token_key.expires_at", "<", expiresAt)
      )
      .execute();
  }

  async all(now: number): Promise<{ kid: string; publicKey: Record<string, unknown> }[]> {
    const rows = await this.#engine.db.selectFrom("token_key").select(["kid", "public_key"])
      .where("expires_at", ">", now).orderBy("kid").execute();
    return rows.map((row) => ({
      kid: row.kid,
      publicKey: JSON.parse(row.public_key) as Record<string, unknown>,
    }));
  }

  sweep(now: number, limit: number): Promise<number> {
    return sweepOld(this.#engine, "token_key", ["kid"], sql`expires_at <= ${now}`, limit);
  }
}
