import { icon, make } from "../../shell/dom.ts";
import type { MenuItem } from "../../shell/popup_menu.ts";

/** Draws them anew only when there are others: a button that is drawn anew loses the focus. */
export function showActions(list: HTMLElement, items: readonly MenuItem[]): void {
  const texts = items.map(({ text }) => text).join("\n");
  if (list.dataset.shown === texts) return;
  list.dataset.shown = texts;
  list.replaceChildren(...items.map(({ icon: image, text, danger, act }) => {
    const line = make("li", "");
    const button = make("button", danger === true ? "menu-item danger" : "menu-item");
    button.type = "button";
    button.append(icon(image), text);
    button.addEventListener("click", () => act());
    line.append(button);
    return line;
  }));
}
