import { Picture } from "../picture/picture.ts";
import { clone, find } from "../shell/dom.ts";
import type { Shell } from "../shell/shell.ts";
import { AiView } from "./ai_view.ts";

/** Where guests may not ask they are told how it is had. */
export function showAi(shell: Shell): void {
  document.title = "AI · Barrage";
  document.body.dataset.page = "ai";
  const guestsAsk = find(document, "#ai-gate", HTMLTemplateElement).dataset.guestsAsk === "true";
  if (shell.account.isMember || guestsAsk) return new AiView(shell).start();
  const gate = clone("ai-gate");
  const query = new URLSearchParams({ returnTo: location.pathname });
  for (const [selector, path] of [["[data-register]", "/register"], ["[data-login]", "/login"]] as const) {
    find(gate, selector, HTMLAnchorElement).href = `${path}?${query}`;
  }
  const picture = find(gate, ".picture", HTMLElement);
  shell.main.replaceChildren(gate);
  new Picture(picture, "ai");
}
