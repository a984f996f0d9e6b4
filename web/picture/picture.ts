import { AURORA_HEIGHT, AURORA_WIDTH, paintAurora } from "./aurora.ts";
import { paintLandscape } from "./landscape.ts";
import { type Palette, paletteOf } from "./palette.ts";

const FRAME_MS = 1_000 / 24;

/** The moving picture behind the danmaku. Stands still for those who ask for less motion. */
export class Picture {
  readonly #sky: HTMLCanvasElement;
  readonly #land: HTMLCanvasElement;
  readonly #palette: Palette;
  readonly #image = new ImageData(AURORA_WIDTH, AURORA_HEIGHT);
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #paintedAt = -Infinity;

  constructor(host: HTMLElement, seed: string) {
    this.#palette = paletteOf(seed);
    this.#sky = layer(host, "picture-sky");
    this.#land = layer(host, "picture-land");
    this.#sky.width = AURORA_WIDTH;
    this.#sky.height = AURORA_HEIGHT;
    this.#paint(0);
    new ResizeObserver(() => this.#layOut()).observe(host);
    requestAnimationFrame((now) => this.#tick(now));
  }

  #tick(now: number): void {
    requestAnimationFrame((next) => this.#tick(next));
    if (this.#calm.matches || now - this.#paintedAt < FRAME_MS) return;
    this.#paintedAt = now;
    this.#paint(now / 1_000);
  }

  #paint(seconds: number): void {
    paintAurora(this.#image, this.#palette, seconds);
    this.#sky.getContext("2d")!.putImageData(this.#image, 0, 0);
  }

  #layOut(): void {
    const ratio = Math.min(2, devicePixelRatio);
    this.#land.width = Math.round(this.#land.clientWidth * ratio);
    this.#land.height = Math.round(this.#land.clientHeight * ratio);
    paintLandscape(this.#land, this.#palette);
  }
}

/** One still of a room's picture, for its card. */
export function paintStill(canvas: HTMLCanvasElement, seed: string): void {
  const palette = paletteOf(seed);
  const image = new ImageData(AURORA_WIDTH, AURORA_HEIGHT);
  paintAurora(image, palette, palette.phase * 3);
  const sky = document.createElement("canvas");
  sky.width = AURORA_WIDTH;
  sky.height = AURORA_HEIGHT;
  sky.getContext("2d")!.putImageData(image, 0, 0);
  canvas.width = 640;
  canvas.height = 360;
  paintLandscape(canvas, palette);
  const context = canvas.getContext("2d")!;
  context.globalCompositeOperation = "destination-over";
  context.drawImage(sky, 0, 0, canvas.width, canvas.height);
}

function layer(host: HTMLElement, className: string): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.className = className;
  host.append(canvas);
  return canvas;
}
