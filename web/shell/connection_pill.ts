import type { ConnectionState } from "client/mod.ts";
import { find } from "./dom.ts";

/** Shows where the connection stands, counting down to the next attempt. */
export class ConnectionPill {
  readonly #pill: HTMLElement;
  readonly #text: HTMLElement;
  readonly #action: HTMLButtonElement;
  readonly #announcer: HTMLElement;
  #timer: ReturnType<typeof setInterval> | undefined;
  #ended = false;

  constructor(pill: HTMLElement, announcer: HTMLElement, connectNow: () => void) {
    this.#pill = pill;
    this.#text = find(pill, ".pill-text", HTMLElement);
    this.#action = find(pill, ".pill-action", HTMLButtonElement);
    this.#announcer = announcer;
    this.#action.addEventListener("click", connectNow);
  }

  end(): void {
    this.#ended = true;
    clearInterval(this.#timer);
    this.#set("ended", "Ended");
  }

  show(state: ConnectionState): void {
    if (this.#ended) return;
    clearInterval(this.#timer);
    switch (state.status) {
      case "idle":
      case "connecting":
        return this.#set("connecting", "Connecting");
      case "open":
        return this.#set("live", "Live");
      case "waiting": {
        this.#announce("Connection lost, reconnecting");
        const retryAt = performance.now() + state.inMs;
        const count = () => {
          const seconds = Math.max(1, Math.ceil((retryAt - performance.now()) / 1_000));
          this.#set("waiting", `Reconnecting in ${seconds} s`, state.inMs > 2_000);
        };
        count();
        this.#timer = setInterval(count, 250);
        return;
      }
      case "closed":
        this.#announce(`Disconnected: ${state.reason}`);
        return this.#set("closed", state.reason, true);
    }
  }

  #set(status: string, text: string, action = false): void {
    if (this.#pill.dataset.status === "waiting" && status === "live") this.#announce("Connected again");
    this.#pill.dataset.status = status;
    this.#text.textContent = text;
    this.#action.hidden = !action;
  }

  #announce(text: string): void {
    if (this.#announcer.textContent !== text) this.#announcer.textContent = text;
  }
}
