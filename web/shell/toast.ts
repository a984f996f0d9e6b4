import { find, make } from "./dom.ts";
import { messageOf } from "./messages.ts";
import { noticeRefusal } from "./site_notice.ts";

const SHOWN_MS = 5_000;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Says something for a moment, at the edge of the page and to those who listen to it. */
export function toast(text: string): void {
  let element = document.querySelector(".toast");
  if (element === null) {
    element = make("div", "toast");
    element.setAttribute("popover", "manual");
    document.body.append(element);
  }
  element.textContent = text;
  if (element instanceof HTMLElement) {
    // Shown anew it lies above what was opened meanwhile.
    if (element.matches(":popover-open")) element.hidePopover();
    element.showPopover();
  }
  announce(text);
  clearTimeout(timer);
  timer = setTimeout(() => document.querySelector<HTMLElement>(".toast")?.hidePopover(), SHOWN_MS);
}

/** For those who listen to the page. */
export function announce(text: string): void {
  find(document, "#announcer", HTMLElement).textContent = text;
}

/** Carries something out whose failure is told in a toast; whether it was done. */
export async function attempt(act: () => Promise<unknown>, words = messageOf): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    noticeRefusal(error);
    toast(words(error));
    return false;
  }
}
