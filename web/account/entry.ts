import { Picture } from "../picture/picture.ts";
import { clone, find } from "../shell/dom.ts";
import { revealPasswords } from "../shell/password_field.ts";
import type { Shell } from "../shell/shell.ts";
import { entryLink, returnTo } from "./return_to.ts";

/** A card before a picture, as the pages for signing in are. */
export function openEntry({ main }: Shell, template: string): HTMLElement {
  const page = find(clone(template), ".entry", HTMLElement);
  for (const link of page.querySelectorAll<HTMLAnchorElement>("a[data-entry]")) {
    link.href = entryLink(new URL(link.href).pathname);
  }
  revealPasswords(page);
  main.replaceChildren(page);
  new Picture(find(page, ".picture", HTMLElement), "barrage");
  document.title = `${find(page, "h1", HTMLElement).textContent} · Barrage`;
  return page;
}

export function note(page: HTMLElement, text: string, kind: "plain" | "bad" = "plain"): void {
  const element = find(page, ".entry-note", HTMLElement);
  element.hidden = false;
  element.dataset.kind = kind;
  element.textContent = text;
}

/** Signed in: where they were going, without the way back leading here. */
export function goOn({ account }: Shell): void {
  const { user } = account.session;
  if (user) account.guests.becameMember(user.id);
  location.replace(returnTo());
}
