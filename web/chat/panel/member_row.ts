import { showAvatar } from "../../shell/avatar.ts";
import { icon, make } from "../../shell/dom.ts";
import { type MenuItem, openMenu } from "../../shell/popup_menu.ts";

export interface MemberRowOptions {
  readonly user: { readonly id: string; readonly name: string };
  readonly own: boolean;
  /** Beside the name. */
  readonly badge?: string | undefined;
  readonly online?: boolean;
  /** Behind a button. */
  readonly menu?: readonly MenuItem[];
  /** As buttons of their own. */
  readonly buttons?: readonly MenuItem[];
}

export function memberRow(options: MemberRowOptions): HTMLElement {
  const { user, own, badge, online, menu = [], buttons = [] } = options;
  const row = make("li", "member");
  row.dataset.user = user.id;
  const face = make("span", "avatar-box");
  const avatar = make("span", "avatar");
  avatar.setAttribute("aria-hidden", "true");
  showAvatar(avatar, user.name);
  face.append(avatar);
  if (online === true) face.append(make("span", "presence"));
  const name = make("span", "member-name", user.name);
  if (own) name.append(make("span", "member-own", " (you)"));
  row.append(face, name);
  if (badge !== undefined) row.append(make("span", "role-badge", badge));
  for (const item of buttons) {
    const button = make("button", "icon-button");
    button.type = "button";
    button.title = item.text;
    button.append(icon(item.icon), make("span", "visually-hidden", `${item.text}: ${user.name}`));
    button.addEventListener("click", () => item.act());
    row.append(button);
  }
  if (menu.length > 0) {
    const button = make("button", "icon-button");
    button.type = "button";
    button.setAttribute("aria-haspopup", "menu");
    button.append(icon("more"), make("span", "visually-hidden", `What to do with ${user.name}`));
    button.addEventListener("click", () => openMenu(button, menu));
    row.append(button);
  }
  return row;
}
