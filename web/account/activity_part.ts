import type { AuditEvent, AuditLine } from "protocol/audit.ts";
import { find } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";
import { ago } from "./ago.ts";
import type { Desk } from "./desk.ts";
import { makeRow } from "./row.ts";

const PAGE = 10;
/** Whoever looks further back asks those who run the server. */
const SHOWN_MAX = 100;

const TITLES: Readonly<Partial<Record<AuditEvent, readonly [icon: string, title: string]>>> = {
  "account.created": ["person", "Account made"],
  "account.role_changed": ["person", "Role changed"],
  "login.succeeded": ["enter", "Signed in"],
  "login.failed": ["stop", "A sign-in failed"],
  "login.throttled": ["stop", "Sign-ins refused: too many tries"],
  "session.ended": ["leave", "Signed out"],
  "session.refused": ["stop", "A sign-in was shown by an unknown device, and refused"],
  "session.token_reused": ["stop", "A copied sign-in was used, and has ended"],
  "session.confirmed": ["check", "Confirmed that it is you"],
  "password.changed": ["edit", "Password changed"],
  "password.reset": ["edit", "Password set anew with a code"],
  "code.refused": ["stop", "A code was refused"],
  "contact.added": ["link", "Contact added"],
  "contact.removed": ["link", "Contact removed"],
  "identity.linked": ["link", "Another provider linked"],
  "identity.unlinked": ["link", "Another provider unlinked"],
  "key.created": ["edit", "API key made"],
  "key.revoked": ["edit", "API key revoked"],
  "message.reported": ["danmaku", "Message reported"],
  "report.settled": ["danmaku", "Report looked at"],
};

/** What has happened to the account lately; resolves when it is shown. */
export async function startActivity(part: HTMLElement, desk: Desk): Promise<void> {
  const rows = find(part, ".rows", HTMLElement);
  const more = find(part, "[data-more]", HTMLButtonElement);
  const status = find(part, ".form-error", HTMLElement);
  const failed = (error: unknown) => {
    status.textContent = messageOf(error);
  };
  let next: string | undefined;

  async function show(before?: string): Promise<void> {
    more.disabled = true;
    try {
      const page = await desk.api.events(PAGE, before);
      const shown = page.events.map((line) => makeRow(contentOf(line, desk.own.id), failed));
      if (before === undefined) rows.replaceChildren(...shown);
      else rows.append(...shown);
      next = rows.childElementCount < SHOWN_MAX ? page.next : undefined;
      more.hidden = next === undefined;
      status.textContent = "";
    } catch (error) {
      failed(error);
    } finally {
      more.disabled = false;
    }
  }

  more.addEventListener("click", () => show(next));
  await show();
}

function contentOf({ at, event, actor, address, device, detail }: AuditLine, own: string) {
  const [icon, title] = TITLES[event] ?? ["edit", event];
  const count = typeof detail?.count === "number" ? `${detail.count} times` : "";
  const byOthers = actor === own || actor === "anonymous" || actor === "system"
    ? ""
    : "by who runs the server";
  const where = [device, address === undefined ? "" : placeOf(address)].filter(Boolean).join(", ");
  return { icon, title, note: [ago(at), where, count, byOthers].filter(Boolean).join(" · ") };
}

/** The network: enough to know where one was. */
function placeOf(address: string): string {
  if (!address.includes(":")) return address.replace(/\.\d+$/, ".*");
  return `${address.split("::")[0]!.split(":").slice(0, 4).join(":")}::/64`;
}
