import { Barrage, BarrageCallError } from "client/mod.ts";
import { showMissing } from "../lobby/missing_page.ts";
import { warnOf } from "../shell/alerts.ts";
import { clone, find } from "../shell/dom.ts";
import { revealPasswords } from "../shell/password_field.ts";
import type { Shell } from "../shell/shell.ts";
import { noticeRefusals } from "../shell/site_notice.ts";
import { startActivity } from "./activity_part.ts";
import { startContacts } from "./contacts_part.ts";
import { Desk } from "./desk.ts";
import { showHead } from "./head_part.ts";
import { startIdentities } from "./identities_part.ts";
import { startPassword } from "./password_part.ts";
import { startProfile } from "./profile_part.ts";
import { providerFailure } from "./provider_errors.ts";
import { startRemoval } from "./removal_part.ts";
import { startSessions } from "./sessions_part.ts";

export async function showAccount(shell: Shell): Promise<void> {
  const { main, account } = shell;
  if (!account.isMember) return toLogin();
  let desk: Desk;
  try {
    desk = await Desk.open(account);
  } catch (error) {
    if (!(error instanceof BarrageCallError)) throw error;
    if (error.reason === "unauthenticated") return toLogin();
    return showMissing(main, {
      title: "The server cannot be reached",
      note: "Try again in a moment.",
      retry: true,
    });
  }
  const page = find(clone("account-page"), ".settings", HTMLElement);
  document.title = "Your account · Barrage";
  revealPasswords(page);
  showHead(find(page, ".settings-head", HTMLElement), desk);
  startProfile(find(page, "#profile form", HTMLFormElement), desk);
  startPassword(find(page, ".password-form", HTMLFormElement), desk);
  startIdentities(find(page, ".linked", HTMLElement), desk);
  startContacts(find(page, "#contacts", HTMLElement), desk);
  const sessions = startSessions(find(page, "#sessions", HTMLElement), desk);
  const activity = startActivity(find(page, "#activity", HTMLElement), desk);
  startRemoval(find(page, "#removal", HTMLElement), desk);
  main.replaceChildren(page);
  const shown = showFailure(page) ?? document.getElementById(location.hash.slice(1));
  shown?.scrollIntoView();
  await Promise.all([sessions, activity, stayConnected(shell)]);
}

function toLogin(): void {
  location.replace(`/login?${new URLSearchParams({ returnTo: "/account" + location.hash })}`);
}

/** What another provider sent back, if it failed; a reload does not show it again. */
function showFailure(page: HTMLElement): HTMLElement | undefined {
  const reason = new URLSearchParams(location.search).get("error");
  if (reason === null) return undefined;
  const alert = find(page, ".settings-alert", HTMLElement);
  alert.hidden = false;
  alert.textContent = providerFailure(reason);
  history.replaceState(null, "", location.pathname + location.hash);
  return alert;
}

/** Over the connection the page learns at once that its session has ended elsewhere. */
async function stayConnected({ account }: Shell): Promise<void> {
  const barrage = new Barrage({ url: location.origin, getToken: (asked) => account.getToken(asked) });
  account.session.on("renewed", () => void barrage.renew().catch(() => {}));
  barrage.on("alert", warnOf);
  noticeRefusals(barrage);
  await barrage.connect().catch((error: unknown) => console.info("Cannot connect", error));
}
