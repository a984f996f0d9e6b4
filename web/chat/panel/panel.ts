import type { ConversationView } from "client/mod.ts";
import { clone, find } from "../../shell/dom.ts";
import { DirectPanel } from "./direct_panel.ts";
import { GroupPanel } from "./group_panel.ts";
import type { PanelOptions } from "./panel_options.ts";

export interface Panel {
  show(view: ConversationView): void;
  close(): void;
}

/** What there is to know and to do about a conversation, beside it. */
export function openPanel(root: HTMLElement, options: PanelOptions): Panel {
  const group = options.view.group !== undefined;
  root.replaceChildren(clone("panel"));
  find(root, "h2", HTMLElement).textContent = group ? "Group" : "About";
  if (!group) { for (const part of root.querySelectorAll("[data-group]")) part.remove(); }
  root.hidden = false;
  const over = new AbortController();
  const panel = group ? new GroupPanel(root, options, over.signal) : new DirectPanel(root, options);
  const close = () => {
    if (over.signal.aborted) return;
    over.abort();
    root.hidden = true;
    root.replaceChildren();
    options.closed();
  };
  find(root, "[data-close]", HTMLButtonElement).addEventListener("click", close);
  root.addEventListener("keydown", ({ key }) => key === "Escape" && close(), { signal: over.signal });
  panel.show(options.view);
  find(root, "[data-close]", HTMLButtonElement).focus();
  return {
    show: (view) => view.standing === "member" ? panel.show(view) : close(),
    close,
  };
}
