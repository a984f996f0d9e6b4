import { UpstreamProcess } from "tests/support/upstream/process.ts";
import { type Door, type ModelLoad } from "../load/ai_models.ts";
import { streamChat } from "../load/completions.ts";
import type { Latency } from "../micro/pace.ts";
import { AiNode } from "../servers/ai_node.ts";
import { bareProxy } from "../servers/ai_proxies.ts";
import { percentile } from "../statistics.ts";
import { delay } from "../wait.ts";

export interface FirstTokenLoad extends ModelLoad {
  readonly tokens: number;
  readonly tokenMs: number;
  readonly requests: number;
}

/** From asking to the first token, in ms. */
export interface FirstTokens {
  readonly direct: Latency;
  readonly proxied: Latency;
  readonly node: Latency;
}

/** Until what is called for each of them is compiled, as in a server that has run for a minute. */
const WARM_UP = { requests: 2_000, atOnce: 16 };
const PAUSE_MS = 5;

/** One client asks one after the other, by turns: the upstream itself, through a bare proxy, through the node. */
export async function measureFirstToken(load: FirstTokenLoad): Promise<FirstTokens> {
  const { model, tokens, tokenMs, requests } = load;
  await using upstream = await UpstreamProcess.start("--tokens", `${tokens}`, "--token-ms", `${tokenMs}`);
  await using node = await AiNode.start(upstream, load);
  await using proxy = await bareProxy.start(node.upstream, model);
  const [door] = await node.doors(1);
  const ways = ([["direct", node.upstream], ["proxied", proxy.door], ["node", door!]] as const)
    .map(([way, door]) => ({ way, door, times: [] as number[] }));
  for (const { door } of ways) await warmUp(door, model);
  for (let nth = 0; nth < requests; nth++) {
    for (const { way, door, times } of ways) times.push(await ask(door, model, `Question ${nth} to ${way}`));
  }
  const [direct, proxied, through] = ways.map(({ times }): Latency => ({
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  }));
  return { direct: direct!, proxied: proxied!, node: through! };
}

async function warmUp(door: Door, model: string): Promise<void> {
  let left = WARM_UP.requests;
  await Promise.all(Array.from({ length: WARM_UP.atOnce }, async () => {
    while (left-- > 0) await streamChat(door, model, `Question ${left} to get warm`);
  }));
}

/** Whatever the server still does for an answer that is over is not the next one's. */
async function ask(door: Door, model: string, text: string): Promise<number> {
  await delay(PAUSE_MS);
  return await streamChat(door, model, text);
}
