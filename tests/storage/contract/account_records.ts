import { encodeTime } from "@std/ulid";
import type {
  AccountRecord,
  ApiKeyRecord,
  AuditRecord,
  CodeRecord,
  IdentityRecord,
  OidcFlow,
  SessionRecord,
} from "storage/account_storage.ts";
import type { Storage } from "storage/storage.ts";

export const T = 1_700_000_000_000;

/** A ULID-shaped id that sorts by `n` and is none of a room. */
export function accountId(n: number): string {
  return `01JD3Y4B6V8Q2Z5K7M9N0A${String(n).padStart(4, "0")}`;
}

export function account(n: number, changed: Partial<AccountRecord> = {}): AccountRecord {
  return {
    id: accountId(n),
    login: `user${String(n).padStart(4, "0")}`,
    name: `User ${n}`,
    bio: "",
    privacy: { bio: "everyone", presence: "everyone" },
    role: "user",
    state: "active",
    createdAt: T + n,
    identities: [],
    contacts: [],
    ...changed,
  };
}

export function accountFence(n: number, epoch = 1) {
  return { noun: "account", id: accountId(n), epoch } as const;
}

export async function createAccounts(storage: Storage, ...numbers: readonly number[]): Promise<void> {
  for (const n of numbers) await storage.accounts.create(account(n), 1);
}

export function identity(subject: string, changed: Partial<IdentityRecord> = {}): IdentityRecord {
  return { provider: "example", issuer: "https://id.example", subject, linkedAt: T, ...changed };
}

export function sessionId(n: number): string {
  return `01JD3Y4B6V8Q2Z5K7M9N0S${String(n).padStart(4, "0")}`;
}

/** Session `n` of account 1. */
export function session(n: number, changed: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: sessionId(n),
    accountId: accountId(1),
    device: "Firefox on Linux",
    deviceHash: `device${n}`,
    address: "192.0.2.1",
    createdAt: T + n,
    usedAt: T + n,
    endsAt: T + 259_200_000,
    confirmedAt: T + n,
    refreshHash: `refresh${n}`,
    refreshedAt: T + n,
    ...changed,
  };
}

export function code(changed: Partial<CodeRecord> = {}): CodeRecord {
  return {
    accountId: accountId(1),
    purpose: "contact",
    kind: "email",
    address: "alice@example.org",
    codeHash: "hash",
    expiresAt: T + 600_000,
    triesLeft: 5,
    ...changed,
  };
}

export function apiKey(n: number, changed: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    id: `01JD3Y4B6V8Q2Z5K7M9N0K${String(n).padStart(4, "0")}`,
    name: `Key ${n}`,
    scopes: ["rooms", "messages"],
    hash: `hash${n}`,
    createdBy: accountId(1),
    createdAt: T,
    expiresAt: T + 1_000,
    ...changed,
  };
}

export function oidcFlow(n: number, changed: Partial<OidcFlow> = {}): OidcFlow {
  return {
    stateHash: `state${n}`,
    provider: "example",
    browserHash: "browser",
    purpose: { kind: "sign_in" },
    returnTo: "/",
    startedAt: T,
    expiresAt: T + n,
    ...changed,
  };
}

/** A line written `n` milliseconds after 1970 began. */
export function auditRecord(n: number, changed: Partial<AuditRecord> = {}): AuditRecord {
  return {
    id: `${encodeTime(n)}0000000000000000`,
    at: n,
    event: "login.succeeded",
    subject: accountId(1),
    actor: accountId(1),
    ...changed,
  };
}
