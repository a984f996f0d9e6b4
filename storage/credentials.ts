import type { Kysely } from "kysely";
import { BarrageError } from "protocol/errors.ts";
import type { CredentialRow } from "./ai_schema.ts";
import type { CredentialPatch, CredentialRecord, CredentialStore } from "./ai_storage.ts";
import type { Engine } from "./engine.ts";
import type { Database } from "./schema.ts";

/** The keys of providers; what is secret of them comes and goes sealed. */
export class Credentials implements CredentialStore {
  readonly #db: Kysely<Database>;

  constructor(engine: Engine) {
    this.#db = engine.db;
  }

  async create(credential: CredentialRecord, max: number): Promise<void> {
    const row = await this.#db.selectFrom("credential").select(({ fn }) => fn.countAll().as("n"))
      .executeTakeFirstOrThrow();
    if (Number(row.n) >= max) throw new BarrageError("conflict", `Cannot keep more than ${max} AI keys`);
    await this.#db.insertInto("credential").values(toRow(credential)).execute();
  }

  async update(id: string, patch: CredentialPatch): Promise<boolean> {
    const columns = toColumns(patch);
    if (Object.keys(columns).length === 0) return await this.read(id) !== undefined;
    const { numUpdatedRows } = await this.#db.updateTable("credential").set(columns).where("id", "=", id)
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  async reseal(
    from: CredentialRecord,
    to: Pick<CredentialRecord, "sealed" | "keyVersion">,
  ): Promise<boolean> {
    const { numUpdatedRows } = await this.#db.updateTable("credential")
      .set({ sealed: JSON.stringify(to.sealed), key_version: to.keyVersion })
      .where("id", "=", from.id).where("sealed", "=", JSON.stringify(from.sealed))
      .executeTakeFirstOrThrow();
    return numUpdatedRows === 1n;
  }

  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db.deleteFrom("credential").where("id", "=", id)
      .executeTakeFirstOrThrow();
    return numDeletedRows === 1n;
  }

  async read(id: string): Promise<CredentialRecord | undefined> {
    const row = await this.#db.selectFrom("credential").selectAll().where("id", "=", id).executeTakeFirst();
    return row && toRecord(row);
  }

  async list(): Promise<CredentialRecord[]> {
    const rows = await this.#db.selectFrom("credential").selectAll().orderBy("id").execute();
    return rows.map(toRecord);
  }
}

function toColumns(patch: CredentialPatch): Partial<CredentialRow> {
  const { label, baseUrl, sealed, keyVersion, uses, state, changedAt } = patch;
  return {
    ...(label !== undefined && { label }),
    ...(baseUrl !== undefined && { base_url: baseUrl === "" ? null : baseUrl }),
    ...(sealed !== undefined && { sealed: JSON.stringify(sealed) }),
    ...(keyVersion !== undefined && { key_version: keyVersion }),
    ...(uses !== undefined && { uses: JSON.stringify(uses) }),
    ...(state !== undefined && { state }),
    ...(changedAt !== undefined && { changed_at: changedAt }),
  };
}

function toRow(credential: CredentialRecord): CredentialRow {
  const { id, provider, label, state } = credential;
  return {
    ...{ id, provider, label, state },
    base_url: credential.baseUrl ?? null,
    sealed: JSON.stringify(credential.sealed),
    key_version: credential.keyVersion,
    uses: JSON.stringify(credential.uses),
    created_at: credential.createdAt,
    changed_at: credential.changedAt,
  };
}

function toRecord(row: CredentialRow): CredentialRecord {
  const { id, provider, label, state } = row;
  return {
    ...{ id, provider, label, state },
    ...(row.base_url !== null && { baseUrl: row.base_url }),
    sealed: JSON.parse(row.sealed) as CredentialRecord["sealed"],
    keyVersion: row.key_version,
    uses: JSON.parse(row.uses) as CredentialRecord["uses"],
    createdAt: row.created_at,
    changedAt: row.changed_at,
  };
}
