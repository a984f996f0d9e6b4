import { type Occasion, occasionNow } from "../machine.ts";
import { type BusBytes, type BusLoad, measureBusBytes } from "../measures/bus_bytes.ts";
import { median, medianRow } from "../statistics.ts";

export interface BusPart {
  readonly load: BusLoad;
  readonly occasion: Occasion;
  /** Every run, round by round. */
  readonly rounds: readonly (readonly BusBytes[])[];
  /** One row for each number of viewers: the medians over the rounds. */
  readonly rows: readonly BusBytes[];
  /** All bytes the message server took in with the most viewers over those with the fewest: the median quotient. */
  readonly growth: number;
}

export async function runBusBytes(
  load: BusLoad,
  rounds: number,
  report: (line: string) => void,
): Promise<BusPart> {
  const occasion = occasionNow();
  const all: BusBytes[][] = [];
  for (let round = 1; round <= rounds; round++) {
    report(`bus bytes with ${load.viewers.join(", ")} viewers, round ${round} of ${rounds}`);
    all.push(await measureBusBytes(load));
  }
  const rows = load.viewers.map((_, nth) => {
    const [first, ...more] = all.map((round) => round[nth]!);
    return medianRow([first!, ...more]);
  });
  const total = ({ eventsIn, commandsIn }: BusBytes) => eventsIn + commandsIn;
  const growth = median(all.map((round) => total(round.at(-1)!) / total(round[0]!)));
  return { load, occasion, rounds: all, rows, growth };
}
