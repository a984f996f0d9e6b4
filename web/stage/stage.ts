import { Scene } from "./scene.ts";
import type { Shot } from "./shot.ts";
import { Waiting } from "./waiting.ts";

export interface StageSettings {
  readonly on: boolean;
  /** Share of the picture that danmaku may cover. */
  readonly area: number;
  readonly opacity: number;
  /** Factor on the font size. */
  readonly size: number;
}

const WAITING_MAX = 64;
/** When more are ready at once, it is a crowd. */
const LAUNCHES_PER_FRAME = 6;

/**
 * Danmaku over a picture. The engine flies them; here is decided which. Work per frame is bounded whatever arrives:
 * what finds no lane waits briefly, then is counted.
 */
export class Stage {
  readonly #element: HTMLElement;
  readonly #notShown: (count: number) => void;
  readonly #waiting = new Waiting(WAITING_MAX);
  #settings: StageSettings;
  #scene: Scene;
  #ticking = false;

  constructor(element: HTMLElement, settings: StageSettings, notShown: (count: number) => void) {
    this.#element = element;
    this.#settings = settings;
    this.#notShown = notShown;
    this.#element.style.opacity = String(settings.opacity);
    this.#scene = new Scene(element, settings);
    new ResizeObserver(() => {
      const { width, height } = this.#scene;
      if (width !== element.clientWidth || height !== element.clientHeight) this.#begin();
    }).observe(element);
  }

  /** `inMs` delays the launch, so that the danmaku of one tick do not all start in the same instant. */
  offer(shot: Shot, inMs = 0): void {
    if (!this.#settings.on || document.hidden) return;
    this.#waiting.offer(shot, performance.now() + inMs);
    this.#goOn();
  }

  configure(settings: StageSettings): void {
    const { on, size } = this.#settings;
    this.#settings = settings;
    this.#element.style.opacity = String(settings.opacity);
    if (settings.on !== on || settings.size !== size) this.#begin();
    this.#scene.limit(settings.area);
    if (settings.on) return;
    this.#waiting.clear();
    this.#waiting.takeNotShown();
  }

  /** Again, with nothing in flight: positions and lanes belong to one size. */
  #begin(): void {
    for (const shot of this.#scene.destroy()) this.#waiting.offer(shot, performance.now());
    this.#scene = new Scene(this.#element, this.#settings);
  }

  #goOn(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    requestAnimationFrame(() => this.#tick());
  }

  #tick(): void {
    this.#ticking = false;
    let missed = 0;
    for (const { count } of this.#scene.begin()) missed += count;
    const now = performance.now();
    this.#waiting.launch(now, LAUNCHES_PER_FRAME, (shot) => this.#scene.launch(shot, now / 1_000));
    missed += this.#waiting.takeNotShown();
    if (missed > 0) this.#notShown(missed);
    if (this.#waiting.size > 0 || !this.#scene.empty) this.#goOn();
  }
}
