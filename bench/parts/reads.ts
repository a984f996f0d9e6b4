import { type Occasion, occasionNow } from "../machine.ts";
import { type HotProfiles, measureHotProfiles } from "../measures/hot_profiles.ts";
import { measureReads, type ReadLoad } from "../measures/reads.ts";
import type { ReadRow } from "../micro/reads.ts";
import { medianRow } from "../statistics.ts";

export interface ReadsPart {
  readonly rounds: number;
  readonly occasion: Occasion;
  readonly load: ReadLoad;
  readonly ways: readonly ReadRow[];
  readonly http: HotProfiles;
}

export async function runReads(
  load: ReadLoad,
  rounds: number,
  report: (line: string) => void,
): Promise<ReadsPart> {
  const occasion = occasionNow();
  const ways: ReadRow[][] = [];
  const http: HotProfiles[] = [];
  for (let round = 1; round <= rounds; round++) {
    report(`reads by id, round ${round} of ${rounds}`);
    ways.push(await measureReads(load));
    http.push(await measureHotProfiles(load.seconds));
  }
  // Quick runs sustain less than any rate that is tried, and have no such row.
  const names = ways[0]!.map(({ way }) => way);
  return {
    ...{ rounds, occasion, load },
    ways: names.map((name) => middle(ways.flatMap((rows) => rows.filter(({ way }) => way === name)))),
    http: {
      profile: middle(http.map(({ profile }) => profile)),
      bare: middle(http.map(({ bare }) => bare)),
    },
  };
}

function middle<T extends object>(rows: readonly T[]): T {
  const [first, ...more] = rows;
  return medianRow([first!, ...more]);
}
