export type Rgb = readonly [red: number, green: number, blue: number];

export interface Palette {
  readonly skyTop: Rgb;
  readonly skyBottom: Rgb;
  readonly ribbons: readonly [Rgb, Rgb, Rgb];
  readonly ridge: Rgb;
  /** Shifts the ribbons, so that no two rooms look alike. */
  readonly phase: number;
}

const PALETTES: readonly Omit<Palette, "phase">[] = [
  {
    skyTop: [7, 10, 28],
    skyBottom: [22, 46, 78],
    ribbons: [[56, 240, 176], [64, 150, 255], [164, 92, 255]],
    ridge: [6, 10, 22],
  },
  {
    skyTop: [16, 8, 32],
    skyBottom: [74, 32, 84],
    ribbons: [[255, 104, 150], [150, 98, 255], [72, 190, 255]],
    ridge: [14, 7, 24],
  },
  {
    skyTop: [5, 14, 28],
    skyBottom: [16, 66, 82],
    ribbons: [[86, 236, 255], [64, 214, 150], [92, 120, 255]],
    ridge: [4, 12, 22],
  },
  {
    skyTop: [14, 9, 30],
    skyBottom: [96, 48, 62],
    ribbons: [[255, 176, 92], [255, 96, 128], [140, 96, 255]],
    ridge: [13, 8, 20],
  },
  {
    skyTop: [6, 10, 34],
    skyBottom: [36, 42, 108],
    ribbons: [[112, 150, 255], [190, 108, 255], [80, 230, 220]],
    ridge: [7, 9, 26],
  },
];

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

export function paletteOf(seed: string): Palette {
  const value = hash(seed);
  return { ...PALETTES[value % PALETTES.length]!, phase: (value % 1_000) / 37 };
}
