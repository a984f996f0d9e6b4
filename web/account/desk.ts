import type { Account } from "../shell/account.ts";
import { AccountApi, type Own } from "./account_api.ts";
import { listProviders, type Provider } from "./providers.ts";

/** What the parts of the account page work on together: the account as it is now. */
export class Desk {
  readonly api: AccountApi;
  readonly account: Account;
  readonly providers: readonly Provider[];
  readonly #changed = new Set<(own: Own) => void>();
  #own: Own;

  private constructor(account: Account, api: AccountApi, own: Own, providers: readonly Provider[]) {
    this.account = account;
    this.api = api;
    this.#own = own;
    this.providers = providers;
  }

  static async open(account: Account): Promise<Desk> {
    const api = new AccountApi(account.as);
    const [own, providers] = await Promise.all([api.read(), listProviders()]);
    return new Desk(account, api, own, providers);
  }

  get own(): Own {
    return this.#own;
  }

  /** Shows the account, now and whenever it has changed. */
  follow(show: (own: Own) => void): void {
    this.#changed.add(show);
    show(this.#own);
  }

  change(own: Own): void {
    this.#own = own;
    for (const show of this.#changed) show(own);
  }

  async reload(): Promise<void> {
    this.change(await this.api.read());
  }
}
