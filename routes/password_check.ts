import { BarrageError } from "protocol/errors.ts";
import type { AccountStore } from "storage/account_storage.ts";
import type { LoginThrottle } from "./login_throttle.ts";
import type { Passwords } from "./passwords.ts";
import { digest } from "./refresh_tokens.ts";
import type { KnownBrowser } from "./tokens.ts";
import type { RefusedSignIns, Whereabouts } from "./refused_sign_ins.ts";

export interface PasswordCheckParts {
  readonly accounts: Pick<AccountStore, "credentials" | "read">;
  readonly refused: Pick<RefusedSignIns, "note">;
  readonly passwords: Pick<Passwords, "verify" | "hash" | "needsRehash">;
  readonly throttle: LoginThrottle;
}

/** A password that fitted. `hash` is what the account proves it with, `rehashed` takes its place. */
export interface Fitting {
  readonly account: string;
  readonly hash: string;
  readonly rehashed: string | undefined;
}

/**
 * Whether a password fits, found out before anybody is asked on the bus. A login that nobody has, an account without
 * password and a wrong password take the same steps, so neither the answer nor its time tells them apart.
 */
export class PasswordCheck {
  readonly #parts: PasswordCheckParts;

  constructor(parts: PasswordCheckParts) {
    this.#parts = parts;
  }

  /**
   * @param name A login or a contact, in the spelling in which it is kept.
   * @param known The browser in which it is given, where it is known to some account.
   * @throws {BarrageError} `unauthenticated`; `rate_limited`, for the right password too; `overloaded`.
   */
  async signIn(
    name: string,
    password: string,
    where: Whereabouts,
    known?: KnownBrowser,
  ): Promise<Fitting> {
    const { accounts, passwords, refused, throttle } = this.#parts;
    const found = await accounts.credentials(name);
    const subject = found?.id ?? digest(name);
    this.#admit(
      known !== undefined && known.account === found?.id
        ? await throttle.takeKnown(known.browser)
        : await throttle.take(name, where.address),
      subject,
      where,
    );
    const fits = await passwords.verify(found?.password, password);
    if (!fits || found?.password === undefined) {
      refused.note("login.failed", subject, where);
      throw new BarrageError("unauthenticated", "The login or the password is wrong");
    }
    const { id: account, password: hash } = found;
    const rehashed = passwords.needsRehash(hash) ? await passwords.hash(password) : undefined;
    return { account, hash, rehashed };
  }

  /**
   * For somebody who is signed in: returns the hash that it fits.
   * @throws {BarrageError} `confirmation_required`; `rate_limited`, for the right password too; `overloaded`.
   */
  async confirm(account: string, password: string, where: Whereabouts): Promise<string> {
    const { accounts, passwords, refused, throttle } = this.#parts;
    this.#admit(await throttle.takeOwn(account), account, where);
    const hash = (await accounts.read(account))?.password;
    if (await passwords.verify(hash, password) && hash !== undefined) return hash;
    refused.note("login.failed", account, where);
    throw new BarrageError("confirmation_required", "The password does not fit");
  }

  #admit(retryAfterMs: number, subject: string, where: Whereabouts): void {
    if (retryAfterMs === 0) return;
    this.#parts.refused.note("login.throttled", subject, where);
    throw new BarrageError("rate_limited", "Too many attempts with this name", { retryAfterMs });
  }
}
