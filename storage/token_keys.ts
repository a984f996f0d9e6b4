import type { Kysely } from "kysely";
import type { Database } from "./schema.ts";
import type { TokenKeyStore } from "./storage.ts";

export class TokenKeys implements TokenKeyStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async publish(kid: string, publicKey: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#db.insertInto("token_key").values({ kid, public_key: JSON.stringify(publicKey) })
      .onConflict((conflict) => conflict.column("kid").doNothing()).execute();
  }

  async find(kid: string): Promise<Record<string, unknown> | undefined> {
    const row = await this.#db.selectFrom("token_key").select("public_key").where("kid", "=", kid)
      .executeTakeFirst();
    return row === undefined ? undefined : JSON.parse(row.public_key) as Record<string, unknown>;
  }
}
