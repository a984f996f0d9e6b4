import type { Palette, Rgb } from "./palette.ts";

/** Small on purpose: the browser scales it up, which is also what makes it soft. */
export const AURORA_WIDTH = 160;
export const AURORA_HEIGHT = 90;

/** Paints the sky at `t` seconds: a gradient with three curtains of light. About 0.4 ms. */
export function paintAurora(image: ImageData, palette: Palette, t: number): void {
  const { width, height, data } = image;
  const curtains = palette.ribbons.map((color, index) => ({ color, index }));
  for (let x = 0; x < width; x++) {
    const u = x / width;
    const columns = curtains.map(({ color, index }) => curtainAt(u, t + palette.phase, index, color));
    for (let y = 0; y < height; y++) {
      const v = y / height;
      let [red, green, blue] = mix(palette.skyTop, palette.skyBottom, v ** 1.6);
      for (const { color, base, reach, glow } of columns) {
        const above = base - v;
        // Sharp below, fading slowly upwards: this is what makes a curtain of it.
        const light = glow * (above < 0 ? Math.exp(above * 26) : Math.exp(-above / reach));
        red += color[0] * light;
        green += color[1] * light;
        blue += color[2] * light;
      }
      const at = (y * width + x) * 4;
      data[at] = red;
      data[at + 1] = green;
      data[at + 2] = blue;
      data[at + 3] = 255;
    }
  }
}

function curtainAt(u: number, t: number, index: number, color: Rgb) {
  const drift = t * (0.05 + index * 0.017) + index * 2.1;
  const base = 0.6 - index * 0.11 + 0.09 * Math.sin(u * 4.2 + drift) + 0.05 * Math.sin(u * 9.7 - drift * 1.7);
  const folds = 0.62 + 0.38 * Math.sin(u * 23 + 3 * Math.sin(u * 5 + drift) + drift * 2.2);
  const breath = 0.55 + 0.45 * Math.sin(u * 3.1 - drift * 1.3 + index);
  return { color, base, reach: 0.2 + 0.08 * Math.sin(u * 6 + drift), glow: 0.66 * folds * breath };
}

function mix(a: Rgb, b: Rgb, share: number): [number, number, number] {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}
