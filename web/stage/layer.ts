// @ts-types="./danmaku.d.ts"
import Danmaku, { type Emitted } from "danmaku";
import { make } from "../shell/dom.ts";
import type { Sky } from "./gate.ts";
import type { Field, Flying, Mode } from "./lanes.ts";

/** One canvas of the engine over an element. While nothing flies it rests and costs nothing. */
export class Layer implements Sky {
  readonly field: Field;
  readonly #element: HTMLElement;
  readonly #engine: Danmaku;
  #last: Emitted | undefined;

  constructor(parent: HTMLElement, options: { className: string; lanePx: number; seconds: number }) {
    const { className, lanePx, seconds } = options;
    this.#element = parent.appendChild(make("div", className));
    this.#engine = new Danmaku({ container: this.#element, engine: "canvas" }).hide();
    const { clientWidth: width, clientHeight: height } = this.#element;
    this.#engine.speed = width / seconds;
    this.field = { width, height, lanePx, seconds };
  }

  get flying(): readonly Flying[] {
    return this.#engine._.runningList;
  }

  get last(): Sky["last"] {
    if (this.#engine._.position < this.#engine.comments.length) return "awaited";
    return this.#last === undefined || "y" in this.#last ? "placed" : "missed";
  }

  launch(mode: Mode, sprite: HTMLCanvasElement): void {
    this.#trim();
    this.#engine.show().emit({ mode, render: startNow });
    this.#last = this.#engine.comments.at(-1);

    /** The engine counts from `emit`, so after a late frame it would appear further in, on top of the one before. */
    function startNow(this: Emitted): HTMLCanvasElement {
      this._utc = performance.now() / 1_000;
      return sprite;
    }
  }

  rest(): void {
    this.#engine.hide();
    this.#trim();
    this.#last = undefined;
  }

  destroy(): void {
    this.#engine.destroy();
    this.#element.remove();
  }

  /** The engine keeps all comments, to be able to seek in a recording; live, they would pile up. */
  #trim(): void {
    const { comments, _ } = this.#engine;
    comments.splice(0, _.position);
    _.position = 0;
  }
}
