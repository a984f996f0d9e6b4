import { type FanOut, type FanOutLoad, measureFanOut } from "../measures/fan_out.ts";
import type { Contender } from "../servers/server.ts";
import { median, medianRow } from "../statistics.ts";
import { barrage, floor } from "../servers/contenders.ts";

export interface FanOutPart {
  readonly load: FanOutLoad;
  /** Every run, round by round. */
  readonly rounds: readonly (readonly FanOut[])[];
  /** One row for each server: the medians over the rounds. */
  readonly rows: readonly FanOut[];
}

/**
 * The same load for every server, taking turns, round after round. The floor follows Barrage in each round and sends
 * as many frames of the same size as Barrage just did.
 */
export async function runFanOut(
  load: FanOutLoad,
  rounds: number,
  peers: readonly Contender[],
  report: (line: string) => void,
): Promise<FanOutPart> {
  const all: FanOut[][] = [];
  for (let round = 1; round <= rounds; round++) {
    const results: FanOut[] = [];
    const measure = async (contender: Contender, its: FanOutLoad) => {
      report(
        `${contender.name}: ${its.viewers} viewers, ${its.rate} messages/s, round ${round} of ${rounds}`,
      );
      const result = await measureFanOut(contender, its);
      results.push(result);
      return result;
    };
    const { bytesPerFrame, framesPerViewerSecond } = await measure(barrage(), load);
    await measure(floor("x".repeat(Math.round(bytesPerFrame)), 1_000 / framesPerViewerSecond), {
      ...load,
      rate: 0,
    });
    for (const peer of peers) await measure(peer, load);
    all.push(results);
  }
  const rows = all[0]!.map((_, nth) =>
    medianRow([all[0]![nth]!, ...all.slice(1).map((round) => round[nth]!)])
  );
  return { load, rounds: all, rows };
}

/** Barrage's figure over another server's: the median of the rounds' quotients. NaN when the other did not run. */
export function advantage(part: FanOutPart, over: string, figure: (row: FanOut) => number): number {
  return median(part.rounds.flatMap((round) => {
    const ours = round.find(({ server }) => server === "Barrage");
    const theirs = round.find(({ server }) => server === over);
    return ours === undefined || theirs === undefined ? [] : [figure(ours) / figure(theirs)];
  }));
}
