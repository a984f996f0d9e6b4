import { BarrageError } from "protocol/errors.ts";
import { ContactKind, Privacy } from "protocol/accounts.ts";
import type {
  AccountPatch,
  AccountRecord,
  AccountStore,
  ContactRecord,
  Created,
  IdentityRecord,
} from "./account_storage.ts";
import type { CardChanges } from "./card_changes.ts";
import { carryOut } from "./carry_out.ts";
import { Contacts } from "./contacts.ts";
import type { Engine, Trx } from "./engine.ts";
import { Identities } from "./identities.ts";
import { FencedError, type Write } from "./lane.ts";
import type { AccountRow } from "./schema.ts";
import { toChange, toWrite } from "./writes.ts";

export class Accounts implements AccountStore {
  readonly #engine: Engine;
  readonly #changes: CardChanges;
  readonly #identities: Identities;
  readonly #contacts: Contacts;

  constructor(engine: Engine, changes: CardChanges) {
    this.#engine = engine;
    this.#changes = changes;
    this.#identities = new Identities(engine);
    this.#contacts = new Contacts(engine);
  }

  async create(account: AccountRecord, epoch: number, beside: readonly Write[] = []): Promise<Created> {
    const change = { entity: "user", id: account.id, version: 1 } as const;
    try {
      const outcome = await this.#engine.db.transaction().execute(async (trx) => {
        const created = await this.#insert(trx, account, epoch);
        if (created === "created") {
          const fence = { noun: "account", id: account.id, epoch } as const;
          await carryOut(this.#engine, trx, [{ fence, changes: beside.map(toChange) }]);
          await this.#changes.record(trx, change);
        }
        return created;
      });
      if (outcome === "created") this.#changes.tell(change);
      return outcome;
    } catch (error) {
      if (error instanceof IdentityTaken) return "identity_taken";
      throw error;
    }
  }

  async acquire(id: string, epoch: number): Promise<AccountRecord | undefined> {
    const row = await this.#engine.db.updateTable("account").set({ owner_epoch: epoch })
      .where("id", "=", id).where("owner_epoch", "<=", epoch)
      .returningAll().executeTakeFirst();
    if (row !== undefined) return await this.#complete(row);
    const other = await this.#engine.db.selectFrom("account").select("owner_epoch").where("id", "=", id)
      .executeTakeFirst();
    if (other === undefined) return undefined;
    if (other.owner_epoch > epoch) throw new FencedError({ noun: "account", id, epoch });
    return await this.acquire(id, epoch); // created between the two statements
  }

  async read(id: string): Promise<AccountRecord | undefined> {
    const row = await this.#engine.db.selectFrom("account").selectAll().where("id", "=", id)
      .executeTakeFirst();
    return row && await this.#complete(row);
  }

  async credentials(login: string): Promise<{ id: string; password: string | undefined } | undefined> {
    // Logins have no @ and no plus, addresses have one of them: at most one of the two finds anything.
    const row = await this.#engine.db.selectFrom("account").select(["id", "password"])
      .where("login", "=", login)
      .unionAll((eb) =>
        eb.selectFrom("account_contact")
          .innerJoin("account", "account.id", "account_contact.account_id")
          .select(["account.id", "account.password"])
          .where("account_contact.kind", "in", ContactKind.options)
          .where("account_contact.address", "=", login)
      )
      .executeTakeFirst();
    return row && { id: row.id, password: row.password ?? undefined };
  }

  byIdentity(issuer: string, subject: string): Promise<string | undefined> {
    return this.#identities.owner(issuer, subject);
  }

  async list({ after = "", limit }: { after?: string; limit: number }): Promise<AccountRecord[]> {
    const rows = await this.#engine.db.selectFrom("account").selectAll()
      .where("login", ">", after).orderBy("login").limit(limit).execute();
    return await this.#completeAll(rows);
  }

  update(id: string, patch: AccountPatch): Write {
    const { role: _role, password: _password, ...shown } = patch;
    if (Object.keys(shown).length > 0) return toWrite(this.#changes.update("user", id, toColumns(patch)));
    return toWrite({
      kind: "run",
      tables: ["account"],
      async run(trx) {
        const columns = toColumns(patch);
        if (Object.keys(columns).length === 0) return;
        await trx.updateTable("account").set(columns).where("id", "=", id).execute();
      },
    });
  }

  addIdentity(id: string, identity: IdentityRecord): Write {
    return this.#identities.add(id, identity);
  }

  removeIdentity(id: string, provider: string): Write {
    return this.#identities.remove(id, provider);
  }

  addContact(id: string, contact: ContactRecord): Write {
    return this.#contacts.add(id, contact);
  }

  removeContact(id: string, contact: ContactRecord): Write {
    return this.#contacts.remove(id, contact);
  }

  erase(id: string): Write {
    const card = this.#changes.update("user", id, ERASED);
    const at = this.#engine.now();
    return toWrite({
      ...card,
      tables: [...card.tables, "last_seen", "ai_removal", ...BELONGINGS],
      async run(trx) {
        await card.run(trx);
        await trx.deleteFrom("last_seen").where("user_id", "=", id).execute();
        // Too much to go at once.
        await trx.insertInto("ai_removal").values({ user_id: id, at })
          .onConflict((conflict) => conflict.column("user_id").doNothing()).execute();
        for (const table of BELONGINGS) await trx.deleteFrom(table).where("account_id", "=", id).execute();
      },
    });
  }

  async #insert(trx: Trx, account: AccountRecord, epoch: number): Promise<Created> {
    const { id } = account;
    const { numInsertedOrUpdatedRows } = await trx.insertInto("account").values(toRow(account, epoch))
      .onConflict((conflict) => conflict.doNothing()).executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows !== 1n) {
      const same = await trx.selectFrom("account").select("id").where("id", "=", id).executeTakeFirst();
      return same === undefined ? "login_taken" : "exists";
    }
    for (const identity of account.identities) {
      if (!await this.#identities.insert(trx, id, identity)) throw new IdentityTaken();
    }
    for (const contact of account.contacts) {
      if (await this.#contacts.insert(trx, id, contact)) continue;
      throw new BarrageError("conflict", "Cannot create the account: another one has its address");
    }
    return "created";
  }

  async #complete(row: AccountRow): Promise<AccountRecord | undefined> {
    const [account] = await this.#completeAll([row]);
    return account;
  }

  async #completeAll(rows: readonly AccountRow[]): Promise<AccountRecord[]> {
    const ids = rows.map(({ id }) => id);
    const [identities, contacts] = await Promise.all([this.#identities.of(ids), this.#contacts.of(ids)]);
    return rows.map((row) => toRecord(row, identities.get(row.id) ?? [], contacts.get(row.id) ?? []));
  }
}

/** Undoes what the creation has written so far. */
class IdentityTaken extends Error {}

const BELONGINGS = ["account_identity", "account_contact", "login_session", "one_time_code"] as const;

const ERASED = {
  name: "",
  avatar_url: null,
  bio: "",
  privacy: JSON.stringify(Privacy.parse({})),
  role: "user",
  password: null,
} as const satisfies Partial<AccountRow>;

function toColumns(patch: AccountPatch): Partial<AccountRow> {
  const { name, avatarUrl, bio, privacy, role, state, password } = patch;
  return {
    ...(name !== undefined && { name }),
    ...(avatarUrl !== undefined && { avatar_url: avatarUrl === "" ? null : avatarUrl }),
    ...(bio !== undefined && { bio }),
    ...(privacy !== undefined && { privacy: JSON.stringify(privacy) }),
    ...(role !== undefined && { role }),
    ...(state !== undefined && { state }),
    ...(password !== undefined && { password }),
  };
}

function toRow(account: AccountRecord, epoch: number): Omit<AccountRow, "version"> {
  const { id, login, name, bio, role, state } = account;
  return {
    ...{ id, login, name, bio, role, state },
    owner_epoch: epoch,
    avatar_url: account.avatarUrl ?? null,
    privacy: JSON.stringify(account.privacy),
    password: account.password ?? null,
    created_at: account.createdAt,
  };
}

function toRecord(
  row: AccountRow,
  identities: readonly IdentityRecord[],
  contacts: readonly ContactRecord[],
): AccountRecord {
  const { id, login, name, bio, role, state } = row;
  return {
    ...{ id, login, name, bio, role, state, identities, contacts },
    ...(row.avatar_url !== null && { avatarUrl: row.avatar_url }),
    privacy: JSON.parse(row.privacy) as AccountRecord["privacy"],
    ...(row.password !== null && { password: row.password }),
    createdAt: row.created_at,
  };
}
