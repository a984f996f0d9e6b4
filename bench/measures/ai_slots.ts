import type { Counts } from "tests/support/upstream/limits.ts";
import { UpstreamProcess } from "tests/support/upstream/process.ts";
import type { ModelLoad } from "../load/ai_models.ts";
import { streamChat } from "../load/completions.ts";
import { AiNode } from "../servers/ai_node.ts";
import { delay } from "../wait.ts";

export interface SlotsLoad extends ModelLoad {
  readonly tokens: number;
  readonly tokenMs: number;
  readonly guests: number;
  /** Of each guest, at any time. */
  readonly questions: number;
  readonly seconds: number;
}

export interface Slots {
  /** Time in which slots were busy at the upstream, over all there was. */
  readonly used: number;
  readonly answersPerSecond: number;
  /** Calls that the upstream refused for a limit. */
  readonly over: number;
}

/** Until every slot has been lent once, and lent again. */
const SETTLE_MS = 3_000;

/** Far more ask than there are slots, each again as soon as they are answered; the upstream counts how busy it is. */
export async function measureSlots(load: SlotsLoad): Promise<Slots> {
  const { model, keys, limits, tokens, tokenMs, guests, questions, seconds } = load;
  await using upstream = await UpstreamProcess.start("--tokens", `${tokens}`, "--token-ms", `${tokenMs}`);
  await using node = await AiNode.start(upstream, load);
  const stop = new AbortController();
  const { signal } = stop;
  const asking = (await node.doors(guests)).flatMap((door, guest) =>
    Array.from({ length: questions }, async (_, nth) => {
      for (let turn = 0; !signal.aborted; turn++) {
        await streamChat(door, model, `Question ${turn} of ${guest}, ${nth}`, signal);
      }
    })
  );
  // Whoever fails while it is measured fails the measurement.
  const all = Promise.all(asking);
  all.catch(() => {});
  const wait = (ms: number) => Promise.race([delay(ms), all]);
  await wait(SETTLE_MS);
  const [before, began] = [await busy(upstream), performance.now()];
  await wait(seconds * 1_000);
  const [after, ended] = [await busy(upstream), performance.now()];
  stop.abort();
  await Promise.allSettled(asking);
  const ms = ended - began;
  return {
    used: (after.busyMs - before.busyMs) / (ms * keys * limits.inFlight),
    answersPerSecond: (after.completed - before.completed) / ms * 1_000,
    over: after.overRate + after.overConcurrency,
  };
}

async function busy(upstream: UpstreamProcess): Promise<Counts> {
  return (await upstream.counts()).all;
}
