import type { ConversationView } from "client/mod.ts";
import type { Profile } from "protocol/accounts.ts";
import { request } from "../../shell/api.ts";
import { showAvatar } from "../../shell/avatar.ts";
import { find } from "../../shell/dom.ts";
import { ownActions } from "../own_actions.ts";
import { showActions } from "./action_list.ts";
import type { PanelOptions } from "./panel_options.ts";

/** Who the other one is. */
export class DirectPanel {
  readonly #root: HTMLElement;
  readonly #options: PanelOptions;

  constructor(root: HTMLElement, options: PanelOptions) {
    this.#root = root;
    this.#options = options;
    const { peer } = options.view;
    if (peer !== undefined) {
      this.#profile(peer.id).catch((error: unknown) => console.info("Cannot read the profile", error));
    }
  }

  show(view: ConversationView): void {
    find(this.#root, ".panel-title", HTMLElement).textContent = view.title;
    showAvatar(find(this.#root, ".avatar", HTMLElement), view.title);
    showActions(
      find(this.#root, "[data-actions]", HTMLElement),
      ownActions(this.#options.conversation, view),
    );
  }

  async #profile(user: string): Promise<void> {
    const { login, bio } = await request<Profile>(`/v1/users/${user}`);
    find(this.#root, ".panel-note", HTMLElement).textContent = `@${login}`;
    const about = find(this.#root, ".panel-announcement", HTMLElement);
    about.hidden = bio === undefined || bio === "";
    about.textContent = bio ?? "";
  }
}
