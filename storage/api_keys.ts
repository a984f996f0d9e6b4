import type { ApiKeyRecord, ApiKeyStore } from "./account_storage.ts";
import type { Engine } from "./engine.ts";
import { revoke } from "./revocations.ts";
import type { ApiKeyRow } from "./schema.ts";

export class ApiKeys implements ApiKeyStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async create(key: ApiKeyRecord): Promise<void> {
    await this.#engine.db.insertInto("api_key").values(toRow(key)).execute();
  }

  async read(id: string): Promise<ApiKeyRecord | undefined> {
    const row = await this.#engine.db.selectFrom("api_key").selectAll().where("id", "=", id)
      .executeTakeFirst();
    return row && toRecord(row);
  }

  async list({ before, limit }: { before?: string; limit: number }): Promise<ApiKeyRecord[]> {
    let query = this.#engine.db.selectFrom("api_key").selectAll().orderBy("id", "desc").limit(limit);
    if (before !== undefined) query = query.where("id", "<", before);
    return (await query.execute()).map(toRecord);
  }

  async revoke(id: string, at: number): Promise<boolean> {
    return await this.#engine.db.transaction().execute(async (trx) => {
      const key = await trx.updateTable("api_key").set({ revoked_at: at })
        .where("id", "=", id).where("revoked_at", "is", null)
        .returning("expires_at").executeTakeFirst();
      if (key === undefined) return false;
      await revoke(trx, [id], key.expires_at);
      return true;
    });
  }
}

function toRow(key: ApiKeyRecord): ApiKeyRow {
  const { id, name, hash } = key;
  return {
    ...{ id, name, hash },
    scopes: JSON.stringify(key.scopes),
    created_by: key.createdBy,
    created_at: key.createdAt,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt ?? null,
  };
}

function toRecord(row: ApiKeyRow): ApiKeyRecord {
  const { id, name, hash } = row;
  return {
    ...{ id, name, hash },
    scopes: JSON.parse(row.scopes) as ApiKeyRecord["scopes"],
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at }),
  };
}
