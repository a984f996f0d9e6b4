import type { Kysely } from "kysely";
import type { Database } from "../schema.ts";

export async function up(db: Kysely<Database>): Promise<void> {
  await createAccounts(db);
  await createSessions(db);
  await createRevocations(db);
  await createApiKeys(db);
  await createOidcFlows(db);
  await createAudit(db);
}

async function createAccounts(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("account")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("owner_epoch", "bigint", (column) => column.notNull())
    .addColumn("login", "text", (column) => column.notNull().unique())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("avatar_url", "text")
    .addColumn("bio", "text", (column) => column.notNull())
    .addColumn("privacy", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("password", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createTable("account_identity")
    .addColumn("issuer", "text", (column) => column.notNull())
    .addColumn("subject", "text", (column) => column.notNull())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("account_id", "text", (column) => column.notNull())
    .addColumn("linked_at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("account_identity_pk", ["issuer", "subject"])
    .addUniqueConstraint("account_identity_by_account", ["account_id", "provider"])
    .execute();
  await db.schema.createTable("account_contact")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("address", "text", (column) => column.notNull())
    .addColumn("account_id", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("account_contact_pk", ["kind", "address"])
    .execute();
  await db.schema.createIndex("account_contact_by_account").on("account_contact").column("account_id")
    .execute();
}

async function createSessions(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("login_session")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("account_id", "text", (column) => column.notNull())
    .addColumn("device", "text", (column) => column.notNull())
    .addColumn("device_hash", "text", (column) => column.notNull())
    .addColumn("address", "text", (column) => column.notNull())
    .addColumn("region", "text")
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("used_at", "bigint", (column) => column.notNull())
    .addColumn("ends_at", "bigint", (column) => column.notNull())
    .addColumn("confirmed_at", "bigint", (column) => column.notNull())
    .addColumn("refresh_hash", "text", (column) => column.notNull())
    .addColumn("refreshed_at", "bigint", (column) => column.notNull())
    .addColumn("previous_hash", "text")
    .addColumn("previous_salt", "text")
    .execute();
  await db.schema.createIndex("login_session_by_account").on("login_session").column("account_id").execute();
  await db.schema.createIndex("login_session_by_use").on("login_session").column("used_at").execute();
  await db.schema.createIndex("login_session_by_end").on("login_session").column("ends_at").execute();
  await db.schema.createTable("one_time_code")
    .addColumn("account_id", "text", (column) => column.notNull())
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("address", "text", (column) => column.notNull())
    .addColumn("code_hash", "text", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("tries_left", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("one_time_code_pk", ["account_id", "purpose"])
    .execute();
  await db.schema.createIndex("one_time_code_by_expiry").on("one_time_code").column("expires_at").execute();
}

async function createRevocations(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("revocation")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("until", "bigint", (column) => column.notNull())
    .addColumn("n", "bigint", (column) => column.unique())
    .execute();
  await db.schema.createIndex("revocation_by_until").on("revocation").column("until").execute();
  await db.schema.createTable("revocation_head")
    .addColumn("n", "bigint", (column) => column.notNull())
    .execute();
  await db.insertInto("revocation_head").values({ n: 0 }).execute();
}

async function createApiKeys(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("api_key")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("scopes", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("created_by", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("revoked_at", "bigint")
    .execute();
}

async function createOidcFlows(db: Kysely<Database>): Promise<void> {
  await db.schema.createTable("oidc_flow")
    .addColumn("state_hash", "text", (column) => column.primaryKey().notNull())
    .addColumn("provider", "text", (column) => column.notNull())
    .addColumn("browser_hash", "text", (column) => column.notNull())
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("return_to", "text", (column) => column.notNull())
    .addColumn("started_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("oidc_flow_by_expiry").on("oidc_flow").column("expires_at").execute();
}

async function createAudit(db: Kysely<Database>): Promise<void> {
  // Ids are ULIDs, so the primary key is the order of time.
  await db.schema.createTable("audit")
    .addColumn("id", "text", (column) => column.primaryKey().notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("event", "text", (column) => column.notNull())
    .addColumn("subject", "text", (column) => column.notNull())
    .addColumn("actor", "text", (column) => column.notNull())
    .addColumn("address", "text")
    .addColumn("device", "text")
    .addColumn("detail", "text")
    .execute();
  await db.schema.createIndex("audit_by_subject").on("audit").columns(["subject", "id"]).execute();
}
