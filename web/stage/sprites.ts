import { emphasis, type Shot } from "./shot.ts";

const FONT_FAMILY =
  '"Inter", "SF Pro Text", -apple-system, "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "Helvetica Neue", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", sans-serif';

/** About 24 MB of bitmaps. */
const PIXEL_BUDGET = 6_000_000;
const COUNT_COLOR = "#ffd84d";

/** Horizontal space between two danmaku of one lane, in CSS pixels. */
const GAP = 24;
/** As the engine does, which looks once, when it is loaded. */
const PIXEL_RATIO = devicePixelRatio;

/** How a danmaku is going to be set, in CSS pixels. */
interface Setting {
  readonly px: number;
  readonly textFont: string;
  readonly textWidth: number;
  readonly count: string;
  readonly countFont: string;
  /** Space left and right of the words. */
  readonly pad: number;
  readonly width: number;
}

/** The looks of danmaku: drawn once and kept while they are likely to fly again; the least recently used go first. */
export class Sprites {
  readonly #sprites = new Map<string, HTMLCanvasElement>();
  readonly #settings = new WeakMap<Shot, Setting>();
  readonly #ruler = document.createElement("canvas").getContext("2d")!;
  readonly #fontPx: number;
  readonly #height: number;
  readonly #standingMax: number;
  #pixels = 0;

  /** All are `height` high. What stands is at most `standingMax` wide. */
  constructor(options: { fontPx: number; height: number; standingMax: number }) {
    this.#fontPx = options.fontPx;
    this.#height = options.height;
    this.#standingMax = options.standingMax;
  }

  widthOf(shot: Shot): number {
    return this.#settingOf(shot).width;
  }

  get(shot: Shot): HTMLCanvasElement {
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
    this.#pixels += this.#area(sprite);
    this.#shrink();
    return sprite;
  }

  #shrink(): void {
    for (const [key, sprite] of this.#sprites) {
      if (this.#pixels <= PIXEL_BUDGET) return;
      this.#sprites.delete(key);
      this.#pixels -= this.#area(sprite);
    }
  }

  #area({ width, height }: HTMLCanvasElement): number {
    return width * height * PIXEL_RATIO ** 2;
  }

  #settingOf(shot: Shot): Setting {
    const known = this.#settings.get(shot);
    if (known) return known;
    const natural = this.#set(shot, this.#fontPx * emphasis(shot.count));
    const tooWide = shot.position !== "scroll" && natural.width > this.#standingMax;
    const setting = tooWide ? this.#set(shot, natural.px * this.#standingMax / natural.width) : natural;
    this.#settings.set(shot, setting);
    return setting;
  }

  #set(shot: Shot, px: number): Setting {
    const textFont = `${shot.count > 1 || shot.own ? 700 : 600} ${px}px ${FONT_FAMILY}`;
    const countFont = `italic 800 ${px * 0.82}px ${FONT_FAMILY}`;
    const count = shot.count > 1 ? `×${shot.count.toLocaleString("en")}` : "";
    const textWidth = this.#measure(shot.text, textFont);
    const countWidth = count ? this.#measure(count, countFont) + px * 0.3 : 0;
    const pad = GAP / 2 + (hasPlate(shot) ? px * 0.5 : 0);
    const width = Math.ceil(textWidth + countWidth + pad * 2);
    return { px, textFont, textWidth, count, countFont, pad, width };
  }

  #draw(shot: Shot): HTMLCanvasElement {
    const { px, textFont, textWidth, count, countFont, pad, width } = this.#settingOf(shot);
    const sprite = canvasOf(width, this.#height);
    const context = sprite.getContext("2d")!;
    context.scale(PIXEL_RATIO, PIXEL_RATIO);
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const middle = this.#height / 2;
    if (hasPlate(shot)) {
      const height = Math.min(this.#height - 2, px * 1.42);
      plate(context, {
        x: GAP / 2,
        y: middle - height / 2,
        width: width - GAP,
        height,
        rim: shot.own,
        solid: shot.position !== "scroll",
      });
    }
    inscribe(context, {
      text: shot.text,
      font: textFont,
      color: shot.color,
      x: pad,
      y: middle + px * 0.03,
      px,
    });
    if (count) {
      const x = pad + textWidth + px * 0.3;
      inscribe(context, { text: count, font: countFont, color: COUNT_COLOR, x, y: middle + px * 0.06, px });
    }
    return sprite;
  }

  #measure(text: string, font: string): number {
    this.#ruler.font = font;
    return this.#ruler.measureText(text).width;
  }
}

/**
 * The engine draws a canvas pixel by pixel, but takes its `width` and `height` for lengths on the page. So the bitmap
 * has the pixels of the screen, and the two properties tell CSS pixels.
 */
function canvasOf(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * PIXEL_RATIO);
  canvas.height = Math.ceil(height * PIXEL_RATIO);
  return Object.defineProperties(canvas, { width: { value: width }, height: { value: height } });
}

function hasPlate({ own, position }: Shot): boolean {
  return own || position !== "scroll";
}

/** Under what stands still over what flies by; the rim tells one's own. */
function plate(
  context: CanvasRenderingContext2D,
  shape: { x: number; y: number; width: number; height: number; rim: boolean; solid: boolean },
): void {
  context.beginPath();
  context.roundRect(shape.x, shape.y, shape.width, shape.height, shape.height / 2);
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
