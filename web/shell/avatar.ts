import { hash } from "../picture/palette.ts";

/** Everything of one person has one hue, the same for everyone. The style sheet makes a colour of it. */
export function tint(element: HTMLElement, name: string): void {
  element.style.setProperty("--hue", String(hash(name) % 360));
}

export function showAvatar(element: HTMLElement, name: string): void {
  element.textContent = Array.from(name.trim())[0]?.toUpperCase() ?? "";
  tint(element, name);
}
