import { find } from "./dom.ts";

/** So long a lost connection is nobody's business. */
const OFFLINE_AFTER_MS = 2_000;

/** Says that the connection is lost. */
export class OfflineBanner {
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(offline: boolean): void {
    const banner = find(document, ".offline", HTMLElement);
    if (!offline) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      banner.hidden = true;
      return;
    }
    this.#timer ??= setTimeout(() => banner.hidden = false, OFFLINE_AFTER_MS);
  }
}
