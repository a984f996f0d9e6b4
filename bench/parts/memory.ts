import { type IdleLoad, type IdleMemory, measureIdleMemory } from "../measures/idle_memory.ts";
import { barrage, floor } from "../servers/contenders.ts";
import type { Contender } from "../servers/server.ts";
import { medianRow } from "../statistics.ts";

export interface MemoryPart {
  readonly load: IdleLoad;
  readonly rounds: readonly (readonly IdleMemory[])[];
  readonly rows: readonly IdleMemory[];
}

const NEVER_MS = 2_000_000;

export async function runMemory(
  load: IdleLoad,
  rounds: number,
  peers: readonly Contender[],
  report: (line: string) => void,
): Promise<MemoryPart> {
  const all: IdleMemory[][] = [];
  const contenders = [barrage(), floor("", NEVER_MS), ...peers];
  for (let round = 1; round <= rounds; round++) {
    const results: IdleMemory[] = [];
    for (const contender of contenders) {
      report(`${contender.name}: ${load.more} idle viewers, round ${round} of ${rounds}`);
      results.push(await measureIdleMemory(contender, load));
    }
    all.push(results);
  }
  const rows = contenders.map((_, nth) =>
    medianRow([all[0]![nth]!, ...all.slice(1).map((round) => round[nth]!)])
  );
  return { load, rounds: all, rows };
}
