import { type HandOffLoad, measureHandOffs } from "../measures/hand_off.ts";
import { percentile } from "../statistics.ts";

interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface HandOffPart {
  readonly load: HandOffLoad;
  readonly loadAverage: number;
  /** All times in ms. */
  readonly gaps: Spread;
  readonly usual: Spread;
  readonly says: Spread;
  readonly failed: number;
  readonly timeouts: number;
}

export async function runHandOff(load: HandOffLoad, report: (line: string) => void): Promise<HandOffPart> {
  const loadAverage = Deno.loadavg()[0]!;
  const { gapsMs, usualMs, saysMs, failed, timeouts } = await measureHandOffs(load, report);
  return {
    load,
    loadAverage,
    gaps: spread(gapsMs),
    usual: spread(usualMs),
    says: spread(saysMs),
    failed,
    timeouts,
  };
}

function spread(values: readonly number[]): Spread {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(values, share));
  return { count: values.length, p50: p50!, p99: p99!, max: max! };
}
