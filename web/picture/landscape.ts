import type { Palette, Rgb } from "./palette.ts";

/** Draws what does not move, once per size: stars above, three ridges below, darker the nearer. */
export function paintLandscape(canvas: HTMLCanvasElement, palette: Palette): void {
  const { width, height } = canvas;
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  const next = sequence(palette.phase);
  for (let i = 0; i < 130; i++) {
    const y = next() ** 1.8 * height * 0.62;
    const radius = (0.4 + next() * 0.9) * (height / 620);
    context.fillStyle = `rgb(255 255 255 / ${0.15 + next() * 0.6})`;
    context.beginPath();
    context.arc(next() * width, y, radius, 0, Math.PI * 2);
    context.fill();
  }
  ridge(context, palette, { base: 0.82, rise: 0.13, shade: 2.4, offset: palette.phase });
  ridge(context, palette, { base: 0.9, rise: 0.1, shade: 1.5, offset: palette.phase + 3 });
  ridge(context, palette, { base: 0.97, rise: 0.09, shade: 0.7, offset: palette.phase + 7 });
}

interface Ridge {
  base: number;
  rise: number;
  shade: number;
  offset: number;
}

function ridge(
  context: CanvasRenderingContext2D,
  palette: Palette,
  { base, rise, shade, offset }: Ridge,
): void {
  const { width, height } = context.canvas;
  context.beginPath();
  context.moveTo(0, height);
  const step = Math.max(2, width / 400);
  for (let x = 0; x < width + step; x += step) {
    const u = (x / width) * 6 + offset;
    const peak = Math.abs(Math.sin(u * 1.1)) * 0.55 + Math.abs(Math.sin(u * 2.7 + 1)) * 0.3 +
      Math.sin(u * 9) * 0.05;
    context.lineTo(x, height * (base - rise * peak));
  }
  context.lineTo(width + step, height);
  const haze = context.createLinearGradient(0, height * (base - rise), 0, height);
  haze.addColorStop(0, shaded(palette.ridge, shade));
  haze.addColorStop(1, shaded(palette.ridge, shade * 0.55));
  context.fillStyle = haze;
  context.fill();
}

function shaded(color: Rgb, shade: number): string {
  return `rgb(${color.map((part) => Math.round(part * shade)).join(" ")})`;
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
function sequence(seed: number): () => number {
  let state = Math.round(seed * 1e6) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
