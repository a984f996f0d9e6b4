import { type Occasion, occasionNow } from "../machine.ts";
import { CallingPairs, type RemoteLoad, type Way, WAYS } from "../measures/remote_commands.ts";
import type { Latency } from "../micro/pace.ts";
import { Cluster } from "../servers/cluster.ts";
import { median, medianRow } from "../statistics.ts";

export interface RemoteCase {
  readonly actors: number;
  readonly inFlight: number;
  /** Calls a second by round. */
  readonly rounds: readonly Readonly<Record<Way, number>>[];
  /** The medians over the rounds. */
  readonly row: Readonly<Record<Way, number>>;
  /** Remote over bare: the median of the rounds' quotients. */
  readonly share: number;
}

export interface RemotePart {
  readonly seconds: number;
  readonly rounds: number;
  readonly occasion: Occasion;
  readonly bytes: number;
  readonly cases: readonly RemoteCase[];
  readonly latency: Readonly<Record<Way, Latency>>;
}

export interface RemoteTerms {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
}

/** From one actor that gets everything to as many as there are calls, so that no two can travel together. */
const CASES = [
  { actors: 1, inFlight: 64 },
  { actors: 1, inFlight: 1_000 },
  { actors: 100, inFlight: 1_000 },
  { actors: 1_000, inFlight: 1_000 },
];
/** With its two quotes the payload is 100 bytes. */
const TEXT = "x".repeat(98);

/** The same payload, window and number of processes on every way; the ways take turns. */
export async function runRemote(terms: RemoteTerms, report: (line: string) => void): Promise<RemotePart> {
  const { seconds, warmUpSeconds, rounds } = terms;
  const occasion = occasionNow();
  await using cluster = await Cluster.start({ nodes: 0 });
  await using pairs = await CallingPairs.start(cluster);
  const rates = CASES.map((): Record<Way, number>[] => []);
  const latencies: Record<Way, Latency[]> = { bare: [], remote: [], local: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const [nth, { actors, inFlight }] of CASES.entries()) {
      report(`commands to ${actors} actors, ${inFlight} in flight, round ${round} of ${rounds}`);
      const load: RemoteLoad = { seconds, warmUpSeconds, actors, inFlight, text: TEXT };
      const rate = { bare: 0, remote: 0, local: 0 };
      for (const way of WAYS) rate[way] = await pairs.rate(way, load);
      rates[nth]!.push(rate);
    }
    for (const way of WAYS) latencies[way].push(await pairs.latency(way, { seconds, text: TEXT }));
  }
  const cases = CASES.map((each, nth): RemoteCase => {
    const [first, ...more] = rates[nth]!;
    const share = median(rates[nth]!.map(({ remote, bare }) => remote / bare));
    return { ...each, rounds: rates[nth]!, row: medianRow([first!, ...more]), share };
  });
  const middle = (way: Way) => {
    const [first, ...more] = latencies[way];
    return medianRow([first!, ...more]);
  };
  const latency = { bare: middle("bare"), remote: middle("remote"), local: middle("local") };
  return { seconds, rounds, occasion, bytes: TEXT.length + 2, cases, latency };
}
