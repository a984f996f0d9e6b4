import { emphasis, type Shot } from "./shot.ts";

export interface Sprite {
  readonly bitmap: HTMLCanvasElement;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

const FONT_FAMILY =
  '"Inter", "SF Pro Text", -apple-system, "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "Helvetica Neue", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif';

/** About 24 MB of bitmaps. */
const PIXEL_BUDGET = 6_000_000;
const COUNT_COLOR = "#ffd84d";

/** Danmaku drawn once and kept while they are likely to fly again; the least recently used go first. */
export class Sprites {
  readonly #sprites = new Map<string, Sprite>();
  readonly #ruler = document.createElement("canvas").getContext("2d")!;
  readonly #fontPx: number;
  readonly #scale: number;
  #pixels = 0;

  constructor(options: { fontPx: number; pixelRatio: number }) {
    this.#fontPx = options.fontPx;
    this.#scale = options.pixelRatio;
  }

  get(shot: Shot): Sprite {
    const key = `${shot.color}${shot.own ? "!" : ""}${
      shot.position === "scroll" ? "" : "="
    }${shot.count} ${shot.text}`;
    const known = this.#sprites.get(key);
    if (known) {
      this.#sprites.delete(key);
      this.#sprites.set(key, known);
      return known;
    }
    const sprite = this.#draw(shot);
    this.#sprites.set(key, sprite);
    this.#pixels += area(sprite);
    this.#shrink();
    return sprite;
  }

  #shrink(): void {
    for (const [key, sprite] of this.#sprites) {
      if (this.#pixels <= PIXEL_BUDGET) return;
      this.#sprites.delete(key);
      this.#pixels -= area(sprite);
    }
  }

  #draw(shot: Shot): Sprite {
    const px = this.#fontPx * emphasis(shot.count);
    const textFont = `${shot.count > 1 || shot.own ? 700 : 600} ${px}px ${FONT_FAMILY}`;
    const countFont = `italic 800 ${px * 0.82}px ${FONT_FAMILY}`;
    const count = shot.count > 1 ? `×${shot.count.toLocaleString("en")}` : "";
    const textWidth = this.#measure(shot.text, textFont);
    const countWidth = count ? this.#measure(count, countFont) + px * 0.3 : 0;
    const plated = shot.own || shot.position !== "scroll";
    const pad = plated ? px * 0.5 : 4;
    const width = Math.ceil(textWidth + countWidth + pad * 2);
    const height = Math.ceil(px * 1.42);

    const bitmap = document.createElement("canvas");
    bitmap.width = Math.ceil(width * this.#scale);
    bitmap.height = Math.ceil(height * this.#scale);
    const context = bitmap.getContext("2d")!;
    context.scale(this.#scale, this.#scale);
    context.textBaseline = "middle";
    context.lineJoin = "round";
    if (plated) plate(context, { width, height, rim: shot.own, solid: shot.position !== "scroll" });
    inscribe(context, { text: shot.text, font: textFont, color: shot.color, x: pad, y: height * 0.52, px });
    if (count) {
      const x = pad + textWidth + px * 0.3;
      inscribe(context, { text: count, font: countFont, color: COUNT_COLOR, x, y: height * 0.54, px });
    }
    return { bitmap, width, height };
  }

  #measure(text: string, font: string): number {
    this.#ruler.font = font;
    return this.#ruler.measureText(text).width;
  }
}

function area(sprite: Sprite): number {
  return sprite.bitmap.width * sprite.bitmap.height;
}

/** Under what stands still over what flies by; the rim tells one's own. */
function plate(
  context: CanvasRenderingContext2D,
  shape: { width: number; height: number; rim: boolean; solid: boolean },
): void {
  context.beginPath();
  context.roundRect(1, 1, shape.width - 2, shape.height - 2, shape.height / 2);
  context.fillStyle = shape.solid ? "rgb(6 8 18 / 0.86)" : "rgb(6 8 18 / 0.45)";
  context.fill();
  if (!shape.rim) return;
  context.strokeStyle = "rgb(255 255 255 / 0.85)";
  context.lineWidth = 1.5;
  context.stroke();
}

interface Inscription {
  text: string;
  font: string;
  color: string;
  x: number;
  y: number;
  px: number;
}

/** Text that stays legible on any picture: a dark rim under the fill. */
function inscribe(context: CanvasRenderingContext2D, { text, font, color, x, y, px }: Inscription): void {
  context.font = font;
  context.strokeStyle = "rgb(0 0 0 / 0.62)";
  context.lineWidth = Math.max(2, px * 0.12);
  context.strokeText(text, x, y);
  context.fillStyle = color;
  context.fillText(text, x, y);
}
