import type { Account as AccountView, LoginSessions, Profile } from "protocol/accounts.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Behaviour, Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { Input, Output } from "actors/runtime/definition.ts";
import type { AccountPatch, AccountRecord } from "storage/account_storage.ts";
import { Contacts, type ContactStores } from "./contacts.ts";
import type { AccountVerb, AccountVerbs } from "./definition.ts";
import { Ledger, type LedgerStores } from "./ledger.ts";
import { type AccountRole, authorize, SENSITIVE } from "./permissions.ts";
import { SigningIn, type SigningInPorts } from "./signing_in.ts";
import { accountView, profileView, sessionView } from "./views.ts";

export type AccountPorts = LedgerStores & ContactStores & SigningInPorts;

type In<V extends AccountVerb> = Input<AccountVerbs[V]>;
type Out<V extends AccountVerb> = Output<AccountVerbs[V]>;
type Nothing = Record<string, never>;

export function accountFactory(ports: AccountPorts): Factory<AccountVerbs> {
  return (self) => new Account(self, ports);
}

class Account implements Behaviour<AccountVerbs> {
  readonly #ports: AccountPorts;
  readonly #ledger: Ledger;
  readonly #signingIn: SigningIn;
  readonly #contacts: Contacts;

  constructor(self: Self, ports: AccountPorts) {
    this.#ports = ports;
    this.#ledger = new Ledger(self, ports, ports.limits);
    this.#signingIn = new SigningIn(this.#ledger, ports);
    this.#contacts = new Contacts(this.#ledger, ports, ports.limits);
  }

  async onActivate(): Promise<void> {
    await this.#ledger.load();
  }

  async create(input: In<"create">, { caller }: Turn): Promise<AccountView> {
    this.#admit("create", caller);
    const { id, now, record } = this.#ledger;
    if (caller.kind === "user" && caller.user.id !== id) {
      throw new BarrageError("forbidden", "A guest becomes the account that has its own id");
    }
    const { login, name, password, identity, guest } = input;
    const created: AccountRecord = {
      id,
      login,
      name,
      bio: "",
      privacy: { bio: "everyone", presence: "everyone" },
      role: "user",
      state: "active",
      ...(password === undefined ? {} : { password }),
      createdAt: now,
      identities: identity === undefined ? [] : [{ ...identity, linkedAt: now }],
      contacts: [],
    };
    if (record === undefined) await this.#ledger.create(created, caller, guest);
    const { present } = this.#ledger;
    if (!isCreatedFrom(present, input)) throw new BarrageError("conflict", "The account exists already");
    return accountView(present);
  }

  async signIn(input: In<"signIn">, { caller }: Turn): Promise<Out<"signIn">> {
    this.#admit("signIn", caller);
    return await this.#signingIn.begin(input, caller);
  }

  async refresh(input: In<"refresh">, { caller }: Turn): Promise<Out<"refresh">> {
    this.#admit("refresh", caller);
    return await this.#signingIn.refresh(input, caller);
  }

  async signOut(input: In<"signOut">, { caller }: Turn): Promise<Out<"signOut">> {
    const role = this.#admit("signOut", caller);
    return await this.#signingIn.end(input, role, caller);
  }

  async confirm(input: In<"confirm">, { caller }: Turn): Promise<Nothing> {
    this.#admit("confirm", caller);
    return await this.#signingIn.confirm(input, caller);
  }

  assertConfirmed(_input: Nothing, { caller }: Turn): Nothing {
    this.#admit("assertConfirmed", caller);
    return {};
  }

  sessions(_input: Nothing, { caller }: Turn): LoginSessions {
    this.#admit("sessions", caller);
    const { now, sessions } = this.#ledger;
    const own = this.#ledger.sessionOf(caller)?.id;
    return { sessions: sessions.all(now).map((session) => sessionView(session, own)).reverse() };
  }

  profile(_input: Nothing, { caller }: Turn): Profile {
    const role = this.#admit("profile", caller);
    return profileView(this.#ledger.present, role);
  }

  read(_input: Nothing, { caller }: Turn): AccountView {
    this.#admit("read", caller);
    return accountView(this.#ledger.present);
  }

  async update({ name, avatarUrl, bio, privacy }: In<"update">, { caller }: Turn): Promise<AccountView> {
    this.#admit("update", caller);
    const { present } = this.#ledger;
    const patch: AccountPatch = {
      ...(name === undefined ? {} : { name }),
      ...(avatarUrl === undefined ? {} : { avatarUrl }),
      ...(bio === undefined ? {} : { bio }),
      ...(privacy === undefined ? {} : { privacy: mergePrivacy(present.privacy, privacy) }),
    };
    return await this.#change(patch, caller);
  }

  async setPassword({ hash }: In<"setPassword">, { caller }: Turn): Promise<Out<"setPassword">> {
    this.#admit("setPassword", caller);
    const { id, now, present, sessions } = this.#ledger;
    if (present.password === hash) return { ended: 0 };
    const own = this.#ledger.sessionOf(caller)?.id;
    const others = sessions.all(now).filter((session) => session.id !== own);
    const ended = await this.#ledger.commit({
      by: caller,
      record: { ...present, password: hash },
      end: { sessions: others, reason: "password_changed" },
      writes: [
        this.#ports.accounts.update(id, { password: hash }),
        // Whoever had a code sent before must not undo this.
        this.#ports.sessions.removeCode(id, "reset"),
        this.#ledger.line("password.changed", caller),
      ],
    });
    return { ended };
  }

  async resetPassword(input: In<"resetPassword">, { caller }: Turn): Promise<Nothing> {
    this.#admit("resetPassword", caller);
    await this.#contacts.resetPassword(input, caller);
    return {};
  }

  async sendCode(input: In<"sendCode">, { caller }: Turn): Promise<Nothing> {
    const role = this.#admit("sendCode", caller);
    if ((role === "self") !== (input.purpose === "contact")) {
      throw new BarrageError("forbidden", "A contact is added when signed in, a password reset when not");
    }
    await this.#contacts.sendCode(input, caller);
    return {};
  }

  async addContact(input: In<"addContact">, { caller }: Turn): Promise<AccountView> {
    this.#admit("addContact", caller);
    await this.#contacts.add(input, caller);
    return accountView(this.#ledger.present);
  }

  async removeContact(input: In<"removeContact">, { caller }: Turn): Promise<AccountView> {
    this.#admit("removeContact", caller);
    await this.#contacts.remove(input, caller);
    return accountView(this.#ledger.present);
  }

  async link({ identity }: In<"link">, { caller }: Turn): Promise<AccountView> {
    this.#admit("link", caller);
    const { id, now, present } = this.#ledger;
    const { provider, issuer, subject } = identity;
    const linked = present.identities.find((other) => other.provider === provider);
    if (linked?.issuer === issuer && linked.subject === subject) return accountView(present);
    if (linked !== undefined) {
      throw new BarrageError("conflict", "Unlink the identity at this provider that is linked now first");
    }
    const added = { ...identity, linkedAt: now };
    await this.#ledger.commit({
      by: caller,
      record: { ...present, identities: [...present.identities, added] },
      writes: [
        this.#ports.accounts.addIdentity(id, added),
        this.#ledger.line("identity.linked", caller, { detail: { provider } }),
      ],
    });
    return accountView(this.#ledger.present);
  }

  async unlink({ provider }: In<"unlink">, { caller }: Turn): Promise<AccountView> {
    this.#admit("unlink", caller);
    const { id, present } = this.#ledger;
    const identities = present.identities.filter((identity) => identity.provider !== provider);
    if (identities.length === present.identities.length) return accountView(present);
    if (identities.length === 0 && present.password === undefined) {
      throw new BarrageError("conflict", "Set a password first: nothing else signs this account in");
    }
    await this.#ledger.commit({
      by: caller,
      record: { ...present, identities },
      writes: [
        this.#ports.accounts.removeIdentity(id, provider),
        this.#ledger.line("identity.unlinked", caller, { detail: { provider } }),
      ],
    });
    return accountView(this.#ledger.present);
  }

  async setRole({ role }: In<"setRole">, { caller }: Turn): Promise<AccountView> {
    this.#admit("setRole", caller);
    const { id, now, present, sessions } = this.#ledger;
    if (present.role === role) return accountView(present);
    await this.#ledger.commit({
      by: caller,
      record: { ...present, role },
      // Their tokens tell the old role for as long as they last.
      end: { sessions: sessions.all(now), reason: "role_changed" },
      writes: [
        this.#ports.accounts.update(id, { role }),
        this.#ledger.line("account.role_changed", caller, { detail: { role } }),
      ],
    });
    return accountView(this.#ledger.present);
  }

  async remove(_input: Nothing, { caller }: Turn): Promise<Nothing> {
    this.#admit("remove", caller);
    const { id, now, present, sessions } = this.#ledger;
    const { id: _id, login, privacy, createdAt } = present;
    await this.#ledger.commit({
      by: caller,
      record: {
        ...{ id, login, privacy, createdAt },
        ...{ name: "", bio: "", role: "user", state: "removed", identities: [], contacts: [] },
      },
      end: { sessions: sessions.all(now), reason: "account_removed" },
      writes: [
        this.#ports.accounts.update(id, { state: "removed" }),
        this.#ports.accounts.erase(id),
        this.#ledger.line("account.removed", caller),
      ],
    });
    return {};
  }

  async #change(patch: AccountPatch, by: Caller): Promise<AccountView> {
    const { id, present } = this.#ledger;
    const record = { ...present, ...patch };
    await this.#ledger.commit({ by, record, writes: [this.#ports.accounts.update(id, patch)] });
    return accountView(record);
  }

  /**
   * Also keeps a token out that outlives its session.
   * @throws {BarrageError} `confirmation_required` for what is sensitive, when the last proof is too long ago.
   */
  #admit(verb: AccountVerb, caller: Caller): AccountRole {
    const role = authorize(verb, caller, this.#ledger.id);
    if (role !== "self") return role;
    const session = this.#ledger.sessionOf(caller);
    if (session === undefined) throw new BarrageError("unauthenticated", "The session has ended");
    const { confirmedMs } = this.#ports.limits;
    if (SENSITIVE.has(verb) && this.#ledger.now - session.confirmedAt >= confirmedMs) {
      throw new BarrageError("confirmation_required");
    }
    return role;
  }
}

function isCreatedFrom(record: AccountRecord, { login, name, password, identity }: In<"create">): boolean {
  if (record.login !== login || record.name !== name || record.password !== password) return false;
  const [first, ...more] = record.identities;
  return more.length === 0 && first?.issuer === identity?.issuer && first?.subject === identity?.subject;
}

function mergePrivacy(
  privacy: AccountRecord["privacy"],
  change: NonNullable<In<"update">["privacy"]>,
): AccountRecord["privacy"] {
  const { bio = privacy.bio, presence = privacy.presence, lastSeen = privacy.lastSeen } = change;
  return { bio, presence, ...(lastSeen === undefined ? {} : { lastSeen }) };
}
