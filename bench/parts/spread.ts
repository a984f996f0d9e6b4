import { type Occasion, occasionNow } from "../machine.ts";
import { measureSpread, type Spread, type SpreadLoad } from "../measures/spread.ts";
import { median, medianRow } from "../statistics.ts";

export interface SpreadPart {
  readonly load: SpreadLoad;
  readonly occasion: Occasion;
  /** Every run, round by round. */
  readonly rounds: readonly (readonly Spread[])[];
  /** One row for each number of nodes: the medians over the rounds. */
  readonly rows: readonly Spread[];
  /** CPU per frame over that of one node, for each number of nodes: the medians of the rounds' quotients. */
  readonly ratios: readonly number[];
}

const NODES = [1, 2, 3];

export async function runSpread(
  load: SpreadLoad,
  rounds: number,
  report: (line: string) => void,
): Promise<SpreadPart> {
  const occasion = occasionNow();
  const all: Spread[][] = [];
  for (let round = 1; round <= rounds; round++) {
    const results: Spread[] = [];
    for (const nodes of NODES) {
      report(`${load.viewers} viewers, ${load.rooms} rooms, ${nodes} nodes, round ${round} of ${rounds}`);
      results.push(await measureSpread(nodes, load));
    }
    all.push(results);
  }
  const column = (nth: number) => all.map((round) => round[nth]!);
  return {
    load,
    occasion,
    rounds: all,
    rows: NODES.map((_, nth) => medianRow([column(nth)[0]!, ...column(nth).slice(1)])),
    ratios: NODES.map((_, nth) =>
      median(all.map((round) => round[nth]!.cpuPerFrameUs / round[0]!.cpuPerFrameUs))
    ),
  };
}
