import { BarrageError } from "protocol/errors.ts";
import type { User } from "protocol/users.ts";
import type { AccountStore } from "storage/account_storage.ts";

/** Who has an account. */
export class People {
  readonly #accounts: Pick<AccountStore, "read">;

  constructor(accounts: Pick<AccountStore, "read">) {
    this.#accounts = accounts;
  }

  /** @throws {BarrageError} `not_found`. */
  async find(id: string): Promise<User> {
    const account = await this.#accounts.read(id);
    if (account?.state !== "active") throw new BarrageError("not_found", `No account ${id}`);
    return { id, name: account.name };
  }
}
