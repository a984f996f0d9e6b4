import { randomInt } from "node:crypto";
import type { Contact, ContactKind } from "protocol/accounts.ts";
import type { CodeRecord, SessionStore } from "storage/account_storage.ts";
import type { CodeDelivery } from "./code_delivery.ts";
import type { Passwords } from "./passwords.ts";

const CODES = 10 ** 8;

type Purpose = CodeRecord["purpose"];

export interface CodeDeskParts {
  readonly sessions: Pick<SessionStore, "codes">;
  readonly passwords: Pick<Passwords, "hash" | "hashLike">;
  readonly delivery: Pick<CodeDelivery, "reaches" | "deliver">;
  /** How long a code is good; it is told so. */
  readonly minutes: number;
}

/**
 * Makes codes and sends them. They are hashed like passwords, each with a salt of its own: whoever sees a plain hash of
 * eight digits, in the database or on the bus, has the digits in a second.
 */
export class CodeDesk {
  readonly #parts: CodeDeskParts;

  constructor(parts: CodeDeskParts) {
    this.#parts = parts;
  }

  reaches(kind: ContactKind): boolean {
    return this.#parts.delivery.reaches(kind);
  }

  /** @throws {BarrageError} `overloaded`. */
  async make(): Promise<{ readonly code: string; readonly codeHash: string }> {
    const code = String(randomInt(CODES)).padStart(8, "0");
    return { code, codeHash: await this.#parts.passwords.hash(code) };
  }

  /** @throws {BarrageError} `unavailable`; `overloaded`. */
  async send({ kind, address }: Contact, purpose: Purpose, code: string): Promise<void> {
    const { delivery, minutes } = this.#parts;
    const what = purpose === "contact" ? "to add this address to your account" : "to set a new password";
    const text = `${code} is your code ${what}. It is good for ${minutes} minutes. ` +
      "Give it to nobody; if you did not ask for it, there is nothing to do.";
    await delivery.deliver({ kind, address, purpose, text });
  }

  /**
   * The hash of a code that somebody has typed in, as that of the one that was sent would be. Takes as long for nobody's
   * (undefined).
   * @throws {BarrageError} `overloaded`.
   */
  async hashTyped(account: string | undefined, purpose: Purpose, code: string): Promise<string> {
    const { sessions, passwords } = this.#parts;
    const sent = (await sessions.codes(account ?? "")).find((sent) => sent.purpose === purpose);
    return await passwords.hashLike(sent?.codeHash, code);
  }
}
