import { Picture } from "../picture/picture.ts";
import { clone, find } from "../shell/dom.ts";
import type { Shell } from "../shell/shell.ts";
import { ChatView } from "./chat_view.ts";

/** Guests have nobody to chat with: they are told how it is had. */
export function showChat(shell: Shell): void {
  document.title = "Chat · Barrage";
  document.body.dataset.page = "chat";
  if (shell.account.isMember) return new ChatView(shell).start();
  const gate = clone("chat-gate");
  const query = new URLSearchParams({ returnTo: location.pathname + location.hash });
  for (const [selector, path] of [["[data-register]", "/register"], ["[data-login]", "/login"]] as const) {
    find(gate, selector, HTMLAnchorElement).href = `${path}?${query}`;
  }
  const picture = find(gate, ".picture", HTMLElement);
  shell.main.replaceChildren(gate);
  new Picture(picture, "chat");
}
