import type { Account } from "./account.ts";

/** What surrounds a page. */
export interface Shell {
  readonly main: HTMLElement;
  readonly account: Account;
  /** Shows the account's present name in the top bar. */
  readonly showName: () => void;
  /** Fires `renamed` when the viewer has taken another name. */
  readonly named: EventTarget;
}
