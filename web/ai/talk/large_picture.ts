import { icon, make } from "../../shell/dom.ts";

/** A picture over the whole page, until a click or Escape. */
export function showLarge(address: string, about: string): void {
  const dialog = make("dialog", "ai-large");
  dialog.setAttribute("aria-label", about);
  const image = make("img", "");
  image.src = address;
  image.alt = about;
  const close = make("button", "icon-button");
  close.type = "button";
  close.append(icon("close"), make("span", "visually-hidden", "Close"));
  dialog.append(image, close);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
