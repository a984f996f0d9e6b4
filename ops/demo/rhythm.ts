export interface Beat {
  /** Messages per second right now. */
  readonly rate: number;
  /** 0 in calm moments, up to 1 at the height of a wave. */
  readonly excitement: number;
}

const WAVE_EVERY_S = 18;
const WAVE_LASTS_S = 5;

/** A stream's pulse: calm with small swells, and every 18 s a wave in which everybody shouts for 5 s. */
export function beatAt(seconds: number, rate: number): Beat {
  const swell = 0.8 + 0.3 * Math.sin(seconds / 3.1) + 0.15 * Math.sin(seconds / 1.3);
  const inWave = (seconds + WAVE_EVERY_S - 6) % WAVE_EVERY_S;
  const excitement = inWave < WAVE_LASTS_S ? Math.sin((inWave / WAVE_LASTS_S) * Math.PI) : 0;
  return { rate: rate * (swell + 3 * excitement), excitement };
}
