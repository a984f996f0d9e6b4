import { Account } from "./account.ts";
import { startAccountMenu } from "./account_menu.ts";
import { find } from "./dom.ts";
import { startSiteNotice } from "./site_notice.ts";
import { startTheme } from "./theme.ts";

/** What surrounds a page. */
export interface Shell {
  readonly main: HTMLElement;
  readonly account: Account;
  /** Shows the account's present name in the top bar. */
  readonly showName: () => void;
  /** Fires `renamed` when the viewer has taken another name. */
  readonly named: EventTarget;
}

export async function startShell(): Promise<Shell> {
  startTheme(find(document, "#theme", HTMLButtonElement));
  markPlace();
  const account = new Account();
  await account.settle();
  startSiteNotice(account);
  const named = new EventTarget();
  const showName = startAccountMenu(account, () => named.dispatchEvent(new Event("renamed")));
  account.session.on("renewed", showName);
  account.session.on("replaced", () => location.reload());
  account.session.on("ended", () => {
    if (location.pathname === "/login") return;
    const returnTo = location.pathname + location.search;
    location.replace(`/login?${new URLSearchParams({ ended: "1", returnTo })}`);
  });
  return { main: find(document, "#page", HTMLElement), account, showName, named };
}

/** In the top bar. */
function markPlace(): void {
  const place = location.pathname.startsWith("/chat")
    ? "chat"
    : /^\/ai(\/|$)/.test(location.pathname)
    ? "ai"
    : location.pathname === "/" || location.pathname.startsWith("/rooms/")
    ? "live"
    : undefined;
  document.querySelector(`.topbar-nav [data-place="${place}"]`)?.setAttribute("aria-current", "page");
}
