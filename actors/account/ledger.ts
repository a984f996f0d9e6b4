import type { AuditEvent } from "protocol/audit.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import { type Caller, senderOf } from "actors/runtime/caller.ts";
import { CommitFailed } from "actors/runtime/incarnation.ts";
import type {
  AccountRecord,
  AccountStore,
  AuditRecord,
  AuditStore,
  SessionRecord,
  SessionStore,
} from "storage/account_storage.ts";
import type { Write } from "storage/storage.ts";
import type { AccountLimits } from "./limits.ts";
import { Sessions } from "./sessions.ts";

export interface LedgerStores {
  readonly accounts: AccountStore;
  readonly sessions: SessionStore;
  readonly audit: Pick<AuditStore, "record">;
}

/** Why a session ended, as the audit log says it. */
export type EndReason =
  | "signed_out"
  | "displaced"
  | "token_reused"
  | "region_changed"
  | "password_changed"
  | "password_reset"
  | "role_changed"
  | "account_removed";

/** What changes in one commit. */
export interface Change {
  readonly by: Caller;
  /** The account as it is from then on. */
  readonly record?: AccountRecord;
  /** A session that begins or goes on differently. */
  readonly session?: SessionRecord;
  readonly end?: { readonly sessions: readonly SessionRecord[]; readonly reason: EndReason };
  readonly writes?: readonly Write[];
}

const encoder = new TextEncoder();

/** What one account is and where it is signed in. A change is durable first, then in memory, then told. */
export class Ledger {
  readonly #self: Self;
  readonly #stores: LedgerStores;
  readonly #limits: AccountLimits;
  #record: AccountRecord | undefined;
  #sessions: Sessions;

  constructor(self: Self, stores: LedgerStores, limits: AccountLimits) {
    this.#self = self;
    this.#stores = stores;
    this.#limits = limits;
    this.#sessions = new Sessions(limits, []);
  }

  async load(): Promise<void> {
    const { accounts, sessions } = this.#stores;
    const { key, epoch } = this.#self;
    this.#record = await accounts.acquire(key, epoch);
    if (this.#record !== undefined) this.#sessions = new Sessions(this.#limits, await sessions.of(key));
  }

  get id(): string {
    return this.#self.key;
  }

  get now(): number {
    return this.#self.clock.now();
  }

  get sessions(): Sessions {
    return this.#sessions;
  }

  /** Undefined when there never was one. */
  get record(): AccountRecord | undefined {
    return this.#record;
  }

  /** @throws {BarrageError} `not_found`, or `gone` after its removal. */
  get present(): AccountRecord {
    if (this.#record === undefined) throw new BarrageError("not_found", `No account ${this.id}`);
    if (this.#record.state === "removed") throw new BarrageError("gone", "The account was removed");
    return this.#record;
  }

  /** The session of a member who calls about his own account. */
  sessionOf(caller: Caller): SessionRecord | undefined {
    if (caller.kind !== "user" || caller.user.id !== this.id) return undefined;
    return this.#sessions.find(caller.session, this.now);
  }

  /** A line of the audit log; from where, unless `more` says it, is where the caller's own session is. */
  line(event: AuditEvent, by: Caller, more: Pick<AuditRecord, "address" | "device" | "detail"> = {}): Write {
    return this.#stores.audit.record({
      id: this.#self.ids.next(),
      at: this.now,
      event,
      subject: this.id,
      // Who signs in is nobody yet, and has proved to be the account.
      actor: by.kind === "anonymous" ? this.id : senderOf(by),
      ...this.#whereabouts(by),
      ...more,
    });
  }

  /**
   * Does nothing when there is one already.
   * @param guest Whose session ends, as the guest becomes the account.
   * @throws {BarrageError} `conflict` when the login or the identity has another account.
   */
  async create(
    record: AccountRecord,
    by: Caller,
    guest: { readonly session: string; readonly until: number } | undefined,
  ): Promise<void> {
    const writes = [this.line("account.created", by)];
    if (guest !== undefined) writes.push(this.#stores.sessions.end([guest.session], guest.until));
    // Whether it was created is unknown after a failure: the next incarnation will see.
    const created = await this.#stores.accounts.create(record, this.#self.epoch, writes).catch((error) => {
      throw new CommitFailed(BarrageError.from(error));
    });
    switch (created) {
      case "created":
        this.#record = record;
        if (guest !== undefined) this.#tellEnded([guest.session], guest.until);
        return;
      case "exists":
        return await this.load();
      case "login_taken":
        throw new BarrageError("conflict", "The login is taken");
      case "identity_taken":
        throw new BarrageError("conflict", "The identity belongs to another account");
    }
  }

  /** Returns how many sessions ended. */
  async commit({ by, record, session, end, writes = [] }: Change): Promise<number> {
    const { sessions } = this.#stores;
    const ids = end?.sessions.map(({ id }) => id) ?? [];
    const until = this.now + this.#limits.accessTokenMs;
    await this.#self.commit([
      ...writes,
      ...session === undefined ? [] : [sessions.put(session)],
      ...ids.length === 0 ? [] : [sessions.end(ids, until)],
      ...ids.map((session) => this.line("session.ended", by, { detail: { session, reason: end!.reason } })),
    ]);
    if (record !== undefined) this.#record = record;
    if (session !== undefined) this.#sessions.keep(session);
    this.#sessions.drop(ids);
    if (ids.length > 0) this.#tellEnded(ids, until);
    return ids.length;
  }

  /** Every node closes their sockets and takes none of their tokens any more. */
  #tellEnded(ids: readonly string[], until: number): void {
    const sessions = ids.map((id) => ({ id, until }));
    this.#self.publish("ended", encoder.encode(JSON.stringify({ sessions })));
  }

  #whereabouts(by: Caller): { address: string; device: string } | undefined {
    const session = this.sessionOf(by);
    return session && { address: session.address, device: session.device };
  }
}
