import { Picture } from "../picture/picture.ts";
import type { SayItem } from "../protocol_types.ts";
import { find } from "../shell/dom.ts";
import { shotOf } from "../stage/shot.ts";
import { Stage } from "../stage/stage.ts";
import { DisplayControls } from "./display_controls.ts";

/** Over which the danmaku of one frame are spread; the server's tick. */
const TICK_MS = 100;
const NOT_SHOWN_FOR_MS = 2_500;

/** The picture with danmaku over it. */
export class Player {
  readonly #element: HTMLElement;
  readonly #stage: Stage;
  readonly #notShownLabel: HTMLElement;
  #notShown = 0;
  #notShownTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(element: HTMLElement, roomId: string) {
    this.#element = element;
    this.#notShownLabel = find(element, ".not-shown", HTMLElement);
    new Picture(find(element, ".picture", HTMLElement), roomId);
    const controls = new DisplayControls(element, (settings) => this.#stage.configure(settings));
    const danmaku = find(element, ".danmaku", HTMLElement);
    this.#stage = new Stage(danmaku, controls.settings, (count) => this.#countNotShown(count));
    find(element, "[data-fullscreen]", HTMLButtonElement).addEventListener("click", () => this.#fullscreen());
  }

  show(items: readonly SayItem[], isOwn: (item: SayItem) => boolean): void {
    const step = TICK_MS / Math.max(1, items.length);
    for (const [index, item] of items.entries()) this.#stage.offer(shotOf(item, isOwn(item)), index * step);
  }

  setOnline(count: number): void {
    find(this.#element, ".online-count", HTMLElement).textContent = count.toLocaleString("en");
  }

  end(): void {
    this.#element.dataset.ended = "";
    find(this.#element, ".player-ended", HTMLElement).hidden = false;
  }

  #countNotShown(count: number): void {
    this.#notShown += count;
    this.#notShownLabel.textContent = `${this.#notShown.toLocaleString("en")} not shown`;
    this.#notShownLabel.dataset.shown = "";
    clearTimeout(this.#notShownTimer);
    this.#notShownTimer = setTimeout(() => {
      this.#notShown = 0;
      delete this.#notShownLabel.dataset.shown;
    }, NOT_SHOWN_FOR_MS);
  }

  async #fullscreen(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.#element.requestFullscreen();
  }
}
