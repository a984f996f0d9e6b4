import type { ContactKind, Privacy, SiteRole } from "protocol/accounts.ts";
import type { Scope } from "protocol/api_keys.ts";
import type { AuditEvent } from "protocol/audit.ts";
import type { Write } from "./lane.ts";

export interface IdentityRecord {
  /** The name of the provider in the configuration. */
  readonly provider: string;
  readonly issuer: string;
  readonly subject: string;
  readonly linkedAt: number;
}

export interface ContactRecord {
  readonly kind: ContactKind;
  /** E-mail, or a telephone number with its plus (E.164); spelt in one way. */
  readonly address: string;
}

export interface AccountRecord {
  readonly id: string;
  /** Unique, for ever: a removed account keeps it. */
  readonly login: string;
  readonly name: string;
  readonly avatarUrl?: string;
  readonly bio: string;
  readonly privacy: Privacy;
  readonly role: SiteRole;
  readonly state: "active" | "removed";
  /** PHC string; missing for those who sign in elsewhere only. */
  readonly password?: string;
  readonly createdAt: number;
  readonly identities: readonly IdentityRecord[];
  readonly contacts: readonly ContactRecord[];
}

/** An empty `avatarUrl` removes it. */
export type AccountPatch = Partial<
  Pick<AccountRecord, "name" | "avatarUrl" | "bio" | "privacy" | "role" | "state" | "password">
>;

/** `exists`: the id itself is taken, by an earlier try for example. */
export type Created = "created" | "login_taken" | "identity_taken" | "exists";

export interface AccountStore {
  /** `beside` is written in the same transaction, if the account is created. */
  create(account: AccountRecord, epoch: number, beside?: readonly Write[]): Promise<Created>;
  /**
   * Raises the fence to `epoch`, then reads.
   * @throws {FencedError} when a newer epoch owns the account.
   */
  acquire(id: string, epoch: number): Promise<AccountRecord | undefined>;
  read(id: string): Promise<AccountRecord | undefined>;
  /** For signing in: by login, or by a verified contact, as they are stored. */
  credentials(login: string): Promise<{ id: string; password: string | undefined } | undefined>;
  byIdentity(issuer: string, subject: string): Promise<string | undefined>;
  /** Ascending logins after `after`, those of removed accounts too. `limit` 1-1,000. */
  list(page: { after?: string; limit: number }): Promise<AccountRecord[]>;

  update(id: string, patch: AccountPatch): Write;
  /** The unit fails with `conflict` when another account has it. */
  addIdentity(id: string, identity: IdentityRecord): Write;
  removeIdentity(id: string, provider: string): Write;
  /** The unit fails with `conflict` when another account has it. */
  addContact(id: string, contact: ContactRecord): Write;
  removeContact(id: string, contact: ContactRecord): Write;
  /**
   * Everything personal but the login: name, bio, avatar, password, contacts, identities, sessions, codes. What
   * assistants were asked is left to `RemovalStore`.
   */
  erase(id: string): Write;
}

/** One sign-in on one device. Times are milliseconds since 1970. */
export interface SessionRecord {
  readonly id: string;
  readonly accountId: string;
  readonly device: string;
  readonly deviceHash: string;
  readonly address: string;
  readonly region?: string;
  readonly createdAt: number;
  /** The last sign-in or refresh. */
  readonly usedAt: number;
  readonly endsAt: number;
  /** When its owner last proved to be there. */
  readonly confirmedAt: number;
  readonly refreshHash: string;
  readonly refreshedAt: number;
  /** The token before, and what made the present one out of it. */
  readonly previous?: { readonly hash: string; readonly salt: string };
}

export interface CodeRecord {
  readonly accountId: string;
  readonly purpose: "contact" | "reset";
  readonly kind: ContactKind;
  readonly address: string;
  /** PHC string. */
  readonly codeHash: string;
  readonly expiresAt: number;
  readonly triesLeft: number;
}

export interface SessionStore {
  /** The sessions of one account that nobody ended, the oldest first; some may have run out. */
  of(accountId: string): Promise<SessionRecord[]>;
  /** Adds it or replaces the one with its id. */
  put(session: SessionRecord): Write;
  /**
   * Removes the sessions and, until the last access token of theirs has run out, puts them among the revoked; a
   * guest's session, which is nowhere else, too.
   */
  end(sessions: readonly string[], until: number): Write;
  /** Removes sessions and codes that had run out before `now`: at most `limit` of each; how many there were. */
  sweep(now: number, idleMs: number, limit: number): Promise<number>;

  codes(accountId: string): Promise<CodeRecord[]>;
  /** Adds it or replaces the one with its account and purpose. */
  putCode(code: CodeRecord): Write;
  removeCode(accountId: string, purpose: CodeRecord["purpose"]): Write;
}

export interface Revocation {
  /** The session, or the API key. */
  readonly id: string;
  /** No token of it is good after this time anyway. */
  readonly until: number;
  /** Whatever a reader has not been given yet has a greater one than everything it has. */
  readonly n: number;
}

/** Sessions and API keys that ended before their tokens did. */
export interface RevocationStore {
  /** Ascending by `n`; those still of interest at `now`. `limit` 1-10,000. */
  after(n: number, now: number, limit: number): Promise<Revocation[]>;
  has(id: string): Promise<boolean>;
  sweep(now: number, limit: number): Promise<number>;
}

export interface ApiKeyRecord {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** SHA-256 of the secret, base64url. */
  readonly hash: string;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt?: number;
}

export interface ApiKeyStore {
  create(key: ApiKeyRecord): Promise<void>;
  read(id: string): Promise<ApiKeyRecord | undefined>;
  /** Newest first. `limit` 1-1,000. */
  list(page: { before?: string; limit: number }): Promise<ApiKeyRecord[]>;
  /** Also puts it among the revoked; false when there is none, or it was revoked before. */
  revoke(id: string, at: number): Promise<boolean>;
}

/** Who began a flow, as its token said. */
export interface OidcCaller {
  readonly user: { readonly id: string; readonly name: string };
  readonly session: string;
}

/** What a flow is for; a guest who signs in for the first time becomes the account. */
export type OidcPurpose =
  | { readonly kind: "sign_in"; readonly guest?: OidcCaller & { readonly until: number } }
  | { readonly kind: "link" | "confirm"; readonly caller: OidcCaller };

/** Somebody on the way to another provider and back. */
export interface OidcFlow {
  /** SHA-256 of the `state` parameter. */
  readonly stateHash: string;
  readonly provider: string;
  /** SHA-256 of the cookie that the browser must bring back. */
  readonly browserHash: string;
  readonly purpose: OidcPurpose;
  readonly returnTo: string;
  readonly startedAt: number;
  readonly expiresAt: number;
}

export interface OidcFlowStore {
  put(flow: OidcFlow): Promise<void>;
  /** Removes it: a state is good once. */
  take(stateHash: string, now: number): Promise<OidcFlow | undefined>;
  sweep(now: number, limit: number): Promise<number>;
}

export interface AuditRecord {
  /** ULID. */
  readonly id: string;
  readonly at: number;
  readonly event: AuditEvent;
  /** Whom it concerns: an account, an API key, or the hash of a login nobody has. */
  readonly subject: string;
  /** Who did it: a user, a key, `system`. */
  readonly actor: string;
  readonly address?: string;
  readonly device?: string;
  /** Never a secret. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

export interface AuditStore {
  /** Part of the change it tells of. */
  record(event: AuditRecord): Write;
  /** For what no actor commits: refused sign-ins. */
  append(events: readonly AuditRecord[]): Promise<void>;
  /** Newest first. `limit` 1-1,000. */
  list(page: { subject?: string; before?: string; limit: number }): Promise<AuditRecord[]>;
  sweep(before: number, limit: number): Promise<number>;
}
