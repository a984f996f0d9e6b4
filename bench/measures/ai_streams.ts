import { UpstreamProcess } from "tests/support/upstream/process.ts";
import type { Door, ModelLoad } from "../load/ai_models.ts";
import { streamChat } from "../load/completions.ts";
import { AiNode } from "../servers/ai_node.ts";
import type { AiProxy } from "../servers/ai_proxies.ts";
import { delay } from "../wait.ts";

export interface StreamsLoad extends ModelLoad {
  readonly tokens: number;
  readonly tokenMs: number;
  readonly underWay: number;
  readonly guests: number;
  readonly seconds: number;
}

export interface Streams {
  readonly server: string;
  /** Complete streams. */
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

const WARM_UP_MS = 2_000;

/** As many streams as it can carry, each asked for as soon as one before it is complete: the node, then each proxy. */
export async function measureStreams(load: StreamsLoad, proxies: readonly AiProxy[]): Promise<Streams[]> {
  const { model, tokens, tokenMs, guests } = load;
  await using upstream = await UpstreamProcess.start("--tokens", `${tokens}`, "--token-ms", `${tokenMs}`);
  const rows: Streams[] = [];
  let behind: Door;
  {
    await using node = await AiNode.start(upstream, load);
    behind = node.upstream;
    rows.push({
      server: "Barrage",
      ...await carry(load, await node.doors(guests), () => node.cpuSeconds(), WARM_UP_MS),
    });
  }
  for (const proxy of proxies) {
    await using process = await proxy.start(behind, model);
    rows.push({
      server: proxy.name,
      ...await carry(load, [process.door], () => process.cpuSeconds(), proxy.warmUpMs),
    });
  }
  return rows;
}

async function carry(
  { model, underWay, seconds }: StreamsLoad,
  doors: readonly Door[],
  cpuSeconds: () => Promise<number>,
  warmUpMs: number,
): Promise<Omit<Streams, "server">> {
  let streams = 0;
  const stop = new AbortController();
  const { signal } = stop;
  const asking = Array.from({ length: underWay }, async (_, nth) => {
    for (let turn = 0; !signal.aborted; turn++) {
      await streamChat(doors[nth % doors.length]!, model, `Question ${turn} of ${nth}`, signal);
      streams++;
    }
  });
  // Whoever fails while it is measured fails the measurement.
  const all = Promise.all(asking);
  all.catch(() => {});
  const wait = (ms: number) => Promise.race([delay(ms), all]);
  await wait(warmUpMs);
  const before = { at: performance.now(), streams, cpu: await cpuSeconds() };
  await wait(seconds * 1_000);
  const after = { at: performance.now(), streams, cpu: await cpuSeconds() };
  stop.abort();
  await Promise.allSettled(asking);
  const carried = after.streams - before.streams;
  return {
    perSecond: carried / (after.at - before.at) * 1_000,
    perCpuSecond: carried / (after.cpu - before.cpu),
  };
}
