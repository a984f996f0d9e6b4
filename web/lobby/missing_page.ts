import { Picture } from "../picture/picture.ts";
import { clone, find } from "../shell/dom.ts";

/** A page instead of a room: says what is wrong and where to go. */
export function showMissing(main: HTMLElement, words: { title: string; note: string; retry: boolean }): void {
  const page = clone("missing-page");
  find(page, "h1", HTMLElement).textContent = words.title;
  find(page, "p", HTMLElement).textContent = words.note;
  const retry = find(page, "button", HTMLButtonElement);
  retry.hidden = !words.retry;
  retry.addEventListener("click", () => location.reload());
  const picture = find(page, ".picture", HTMLElement);
  main.replaceChildren(page);
  new Picture(picture, words.title);
  document.title = `${words.title} · Barrage`;
}
