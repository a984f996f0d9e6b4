import { getLogger } from "@logtape/logtape";
import type { Contact } from "protocol/accounts.ts";
import { BarrageError, type Reason } from "protocol/errors.ts";
import { accountActor } from "actors/account/definition.ts";
import { ANONYMOUS } from "actors/runtime/caller.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { AccountStore } from "storage/account_storage.ts";
import type { CodeDesk } from "./code_desk.ts";
import { digest } from "./refresh_tokens.ts";
import type { RefusedSignIns, Whereabouts } from "./refused_sign_ins.ts";

const log = getLogger(["barrage", "codes"]);

/** More than a refusal takes with and without an account: both are answered then. */
const REFUSED_MS = 400;
/** What an account says of a code that opens nothing. */
const REFUSALS: readonly Reason[] = ["forbidden", "gone", "not_found"];

export interface ResetDeskParts {
  readonly node: Pick<ActorNode, "ref">;
  readonly accounts: Pick<AccountStore, "credentials" | "read">;
  readonly codes: CodeDesk;
  readonly refused: Pick<RefusedSignIns, "note">;
  readonly clock: Clock;
  readonly drops: Drops;
  /** Requests under way at once. */
  readonly max: number;
}

/**
 * New passwords for those who have lost theirs. Whoever asks is answered before anybody looks whether there is such an
 * account, so neither the answer nor its time tells.
 */
export class ResetDesk implements AsyncDisposable {
  readonly #parts: ResetDeskParts;
  readonly #underway = new Set<Promise<void>>();

  constructor(parts: ResetDeskParts) {
    this.#parts = parts;
  }

  /**
   * Sends a code to a contact of the account, if there is one; returns at once.
   * @param name A login or a contact.
   * @throws {BarrageError} `overloaded`.
   */
  request(name: string): void {
    const { max, drops } = this.#parts;
    if (this.#underway.size >= max) {
      drops.count("codes", "overloaded");
      throw new BarrageError("overloaded", "Too many codes are being sent", { retryAfterMs: 1_000 });
    }
    const sending = this.#send(name).catch((error) => this.#tell(error)).finally(() => {
      this.#underway.delete(sending);
    });
    this.#underway.add(sending);
  }

  /** @throws {BarrageError} `forbidden` whatever is wrong with the name or the code. */
  async confirm(name: string, code: string, hash: string, where: Whereabouts): Promise<void> {
    const { node, accounts, codes, refused, clock } = this.#parts;
    const begun = clock.monotonic();
    const account = (await accounts.credentials(name))?.id;
    const codeHash = await codes.hashTyped(account, "reset", code);
    if (account !== undefined) {
      const reset = node.ref(accountActor, account, ANONYMOUS).resetPassword({ hash, codeHash, from: where });
      const done = await reset.then(() => true, (error) => {
        if (error instanceof BarrageError && REFUSALS.includes(error.reason)) return false;
        throw error;
      });
      if (done) return;
    }
    refused.note("code.refused", account ?? digest(name), where);
    await this.#until(begun + REFUSED_MS);
    throw new BarrageError("forbidden", "The code does not fit, or is not good any more");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#underway);
  }

  async #send(name: string): Promise<void> {
    const { node, accounts, codes } = this.#parts;
    // For nobody, too: who waits for a thread that hashes must not learn anything.
    const { code, codeHash } = await codes.make();
    const id = (await accounts.credentials(name))?.id;
    const record = id === undefined ? undefined : await accounts.read(id);
    const contact = record && this.#choose(record.contacts, name);
    if (id === undefined || contact === undefined) return;
    await node.ref(accountActor, id, ANONYMOUS).sendCode({ purpose: "reset", ...contact, codeHash });
    await codes.send(contact, "reset", code);
  }

  /** The one that was named, else mail before telephones. */
  #choose(contacts: readonly Contact[], name: string): Contact | undefined {
    const reached = contacts.filter(({ kind }) => this.#parts.codes.reaches(kind));
    return reached.find(({ address }) => address === name) ?? reached.find(({ kind }) => kind === "email") ??
      reached[0];
  }

  #tell(error: unknown): void {
    if (error instanceof BarrageError && error.reason !== "internal") {
      return this.#parts.drops.count("resets", error.reason);
    }
    log.error("Cannot send a code for a new password: {error}", { error });
  }

  #until(at: number): Promise<void> {
    const { clock } = this.#parts;
    return new Promise((resolve) => clock.after(at - clock.monotonic(), resolve));
  }
}
