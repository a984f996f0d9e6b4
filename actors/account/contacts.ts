import { BarrageError } from "protocol/errors.ts";
import { type Caller } from "actors/runtime/caller.ts";
import type { Input } from "actors/runtime/definition.ts";
import type { AccountStore, CodeRecord, ContactRecord, SessionStore } from "storage/account_storage.ts";
import { judgeCode, untilNextCode } from "./codes.ts";
import type { AccountVerbs } from "./definition.ts";
import type { Ledger } from "./ledger.ts";
import type { AccountLimits } from "./limits.ts";

export interface ContactStores {
  readonly accounts: Pick<AccountStore, "addContact" | "removeContact" | "update">;
  readonly sessions: Pick<SessionStore, "codes" | "putCode" | "removeCode">;
}

type Purpose = CodeRecord["purpose"];

/** Addresses that are proved by a code which was sent there, and what such a code opens. */
export class Contacts {
  readonly #ledger: Ledger;
  readonly #stores: ContactStores;
  readonly #limits: Pick<AccountLimits, "code" | "contactsMax">;

  constructor(ledger: Ledger, stores: ContactStores, limits: Pick<AccountLimits, "code" | "contactsMax">) {
    this.#ledger = ledger;
    this.#stores = stores;
    this.#limits = limits;
  }

  async sendCode(
    { purpose, kind, address, codeHash }: Input<AccountVerbs["sendCode"]>,
    by: Caller,
  ): Promise<void> {
    const { id, now, present } = this.#ledger;
    if (purpose === "reset" && !present.contacts.some((contact) => isSame(contact, { kind, address }))) {
      throw new BarrageError("not_found", "The account has no such contact");
    }
    if (purpose === "contact" && present.contacts.length >= this.#limits.contactsMax) {
      throw new BarrageError("conflict", "Remove a contact first: the account has as many as it may");
    }
    const sent = await this.#sent(purpose);
    if (sent?.codeHash === codeHash) return;
    const retryAfterMs = untilNextCode(sent, this.#limits.code, now);
    if (retryAfterMs > 0) {
      throw new BarrageError("rate_limited", "A code was sent just now", { retryAfterMs });
    }
    const { ttlMs, tries } = this.#limits.code;
    const code = {
      accountId: id,
      purpose,
      kind,
      address,
      codeHash,
      expiresAt: now + ttlMs,
      triesLeft: tries,
    };
    await this.#ledger.commit({ by, writes: [this.#stores.sessions.putCode(code)] });
  }

  async add({ codeHash }: Input<AccountVerbs["addContact"]>, by: Caller): Promise<void> {
    const { kind, address } = await this.#redeem("contact", codeHash, by);
    const { id, present: record } = this.#ledger;
    const { accounts, sessions } = this.#stores;
    const contact = { kind, address };
    const contacts = [...record.contacts.filter((other) => !isSame(other, contact)), contact];
    await this.#ledger.commit({
      by,
      record: { ...record, contacts },
      writes: [
        accounts.addContact(id, contact),
        sessions.removeCode(id, "contact"),
        this.#ledger.line("contact.added", by, { detail: { kind } }),
      ],
    });
  }

  async remove(contact: Input<AccountVerbs["removeContact"]>, by: Caller): Promise<void> {
    const { id, present: record } = this.#ledger;
    const contacts = record.contacts.filter((other) => !isSame(other, contact));
    if (contacts.length === record.contacts.length) return;
    await this.#ledger.commit({
      by,
      record: { ...record, contacts },
      writes: [
        this.#stores.accounts.removeContact(id, contact),
        // A code on its way to an address that was given up opens nothing.
        this.#stores.sessions.removeCode(id, "reset"),
        this.#ledger.line("contact.removed", by, { detail: { kind: contact.kind } }),
      ],
    });
  }

  async resetPassword(
    { hash, codeHash, from }: Input<AccountVerbs["resetPassword"]>,
    by: Caller,
  ): Promise<void> {
    await this.#redeem("reset", codeHash, by);
    const { id, now, present: record, sessions } = this.#ledger;
    await this.#ledger.commit({
      by,
      record: { ...record, password: hash },
      end: { sessions: sessions.all(now), reason: "password_reset" },
      writes: [
        this.#stores.accounts.update(id, { password: hash }),
        this.#stores.sessions.removeCode(id, "reset"),
        this.#ledger.line("password.reset", by, from),
      ],
    });
  }

  /** @throws {BarrageError} `forbidden` for a wrong code, `gone` when there is none any more. */
  async #redeem(purpose: Purpose, codeHash: string, by: Caller): Promise<CodeRecord> {
    const verdict = judgeCode(await this.#sent(purpose), codeHash, this.#ledger.now);
    switch (verdict.kind) {
      case "fits":
        return verdict.code;
      case "none":
        throw new BarrageError("gone", "The code is not good any more; have another one sent");
      case "wrong": {
        const { sessions } = this.#stores;
        const { left } = verdict;
        const write = left === undefined
          ? sessions.removeCode(this.#ledger.id, purpose)
          : sessions.putCode(left);
        await this.#ledger.commit({ by, writes: [write] });
        throw new BarrageError("forbidden", "The code does not fit");
      }
    }
  }

  async #sent(purpose: Purpose): Promise<CodeRecord | undefined> {
    const codes = await this.#stores.sessions.codes(this.#ledger.id);
    return codes.find((code) => code.purpose === purpose);
  }
}

function isSame(a: ContactRecord, b: ContactRecord): boolean {
  return a.kind === b.kind && a.address === b.address;
}
