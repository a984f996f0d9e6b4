import { type Occasion, occasionNow } from "../machine.ts";
import { measureTakeovers, type Takeover, type TakeoverLoad } from "../measures/takeover.ts";
import { percentile } from "../statistics.ts";

export interface TakeoverPart {
  readonly load: TakeoverLoad;
  readonly occasion: Occasion;
  readonly kills: readonly Takeover[];
  /** Over all rooms of all kills, in ms. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export async function runTakeover(load: TakeoverLoad, report: (line: string) => void): Promise<TakeoverPart> {
  const occasion = occasionNow();
  const kills = await measureTakeovers(load, report);
  const times = kills.flatMap(({ ackedMs }) => ackedMs);
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => percentile(times, share)) as [number, number, number];
  return { load, occasion, kills, p50, p99, max };
}
