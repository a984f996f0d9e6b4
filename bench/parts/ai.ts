import { type Occasion, occasionNow } from "../machine.ts";
import { type FirstTokenLoad, type FirstTokens, measureFirstToken } from "../measures/ai_first_token.ts";
import { measureSlots, type Slots, type SlotsLoad } from "../measures/ai_slots.ts";
import { measureStreams, type Streams, type StreamsLoad } from "../measures/ai_streams.ts";
import { measurePoolTakeovers, type PoolTakeover, type PoolTakeoverLoad } from "../measures/ai_takeover.ts";
import { bareProxy, liteLlm } from "../servers/ai_proxies.ts";
import { medianRow } from "../statistics.ts";

export interface AiTerms {
  readonly slots: SlotsLoad;
  readonly firstToken: FirstTokenLoad;
  readonly streams: StreamsLoad;
  readonly takeover: PoolTakeoverLoad;
  /** Of streams; the rest is measured once. */
  readonly rounds: number;
}

export interface AiPart {
  readonly terms: AiTerms;
  readonly occasion: Occasion;
  readonly slots: Slots;
  readonly firstToken: FirstTokens;
  /** Of each server, the medians over the rounds. */
  readonly streams: readonly Streams[];
  readonly takeovers: readonly PoolTakeover[];
}

export async function runAi(terms: AiTerms, report: (line: string) => void): Promise<AiPart> {
  const occasion = occasionNow();
  report("slots of a model under a backlog");
  const slots = await measureSlots(terms.slots);
  report("time to the first token");
  const firstToken = await measureFirstToken(terms.firstToken);
  const peer = await liteLlm();
  const proxies = peer === undefined ? [bareProxy] : [bareProxy, peer];
  const measured: Streams[][] = [];
  for (let round = 1; round <= terms.rounds; round++) {
    report(`streams, round ${round} of ${terms.rounds}`);
    measured.push(await measureStreams(terms.streams, proxies));
  }
  const [first, ...more] = measured;
  const streams = first!.map((row, nth) => medianRow([row, ...more.map((rows) => rows[nth]!)]));
  const takeovers = await measurePoolTakeovers(terms.takeover, report);
  return { terms, occasion, slots, firstToken, streams, takeovers };
}
