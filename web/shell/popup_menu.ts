import { icon, make } from "./dom.ts";

export interface MenuItem {
  readonly icon: string;
  readonly text: string;
  readonly danger?: boolean;
  readonly act: () => unknown;
}

const MARGIN = 8;

/** A menu beside an element, or at a point; Escape and a click elsewhere close it, and the focus goes back. */
export function openMenu(anchor: Element, items: readonly MenuItem[], at?: { x: number; y: number }): void {
  const menu = make("div", "menu popup");
  menu.popover = "auto";
  menu.setAttribute("role", "menu");
  for (const item of items) menu.append(itemOf(menu, item));
  menu.addEventListener("keydown", (event) => walk(menu, event));
  menu.addEventListener("toggle", (event) => {
    if ((event as ToggleEvent).newState !== "closed") return;
    anchor.setAttribute("aria-expanded", "false");
    menu.remove();
  });
  anchor.setAttribute("aria-expanded", "true");
  // Inside a dialog's subtree it lies above that dialog.
  (anchor.closest("dialog") ?? document.body).append(menu);
  menu.showPopover();
  place(menu, at ?? corner(anchor));
  const first = menu.firstElementChild;
  if (first instanceof HTMLElement) first.focus();
}

function itemOf(menu: HTMLElement, { icon: image, text, danger, act }: MenuItem): HTMLElement {
  const element = make("button", danger === true ? "menu-item danger" : "menu-item");
  element.type = "button";
  element.setAttribute("role", "menuitem");
  element.append(icon(image), text);
  element.addEventListener("click", () => {
    menu.hidePopover();
    act();
  });
  return element;
}

function corner(anchor: Element): { x: number; y: number } {
  const { right, bottom } = anchor.getBoundingClientRect();
  return { x: right, y: bottom + 4 };
}

/** Its right upper corner at the point, unless it would leave the window. */
function place(menu: HTMLElement, { x, y }: { x: number; y: number }): void {
  const { offsetWidth, offsetHeight } = menu;
  const left = Math.min(Math.max(MARGIN, x - offsetWidth), innerWidth - offsetWidth - MARGIN);
  const top = Math.max(MARGIN, Math.min(y, innerHeight - offsetHeight - MARGIN));
  menu.style.inset = `${top}px auto auto ${left}px`;
}

function walk(menu: HTMLElement, event: KeyboardEvent): void {
  const items = [...menu.querySelectorAll<HTMLElement>(".menu-item")];
  const at = items.findIndex((item) => item === document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items.at(next % items.length)?.focus();
}
