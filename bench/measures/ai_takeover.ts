import { Buffer } from "node:buffer";
import { ulid } from "@std/ulid";
import { poolKey } from "actors/ai/pool/definition.ts";
import type { AiDone } from "protocol/ai.ts";
import { shardOf } from "actors/runtime/shard.ts";
import type { NodeProcess } from "../../ops/cluster/node_process.ts";
import { openPostgres } from "storage/postgres.ts";
import { UpstreamProcess } from "tests/support/upstream/process.ts";
import { addModel, ASKING_ENV, type ModelLoad, operatorKeyIn } from "../load/ai_models.ts";
import { AiAsker } from "../load/ai_asker.ts";
import { takeGuestToken } from "../load/dialects/barrage.ts";
import { Cluster } from "../servers/cluster.ts";
import { PostgresLeases } from "../servers/postgres_leases.ts";
import { delay } from "../wait.ts";

export interface PoolTakeoverLoad extends ModelLoad {
  readonly tokens: number;
  readonly tokenMs: number;
  readonly askers: number;
  /** Of each asker; all are asked before the kill. */
  readonly questions: number;
  readonly kills: number;
  readonly nodes: number;
}

export interface PoolTakeover {
  readonly killed: string;
  /** Questions that waited when the node died. */
  readonly waiting: number;
  /** From the kill to the next call at the upstream. */
  readonly nextCallMs: number;
  /** Of those, lent a slot before an earlier one of the same asker. */
  readonly overtaken: number;
  /** Not answered, for whatever reason. */
  readonly failed: number;
  /** Calls that the upstream refused for a limit. */
  readonly over: number;
}

const LOOK_MS = 10;
/** What was granted before the kill has reached the upstream after this. */
const GRANTED_MS = 500;
const PATIENCE_MS = 60_000;

/**
 * Kills the node that owns the pool, again and again, while its callers wait at sockets of the other nodes. The answers are
 * all that node's as well, and so are the calls: no slot comes back but by the new owner's knowing that they are over.
 */
export async function measurePoolTakeovers(
  load: PoolTakeoverLoad,
  report: (line: string) => void,
): Promise<PoolTakeover[]> {
  const { model, tokens, tokenMs, kills, nodes } = load;
  await using upstream = await UpstreamProcess.start("--tokens", `${tokens}`, "--token-ms", `${tokenMs}`);
  // All nodes must open what one has sealed.
  const sealing = crypto.getRandomValues(Buffer.alloc(32)).toString("base64");
  await using cluster = await Cluster.start({ nodes, env: { ...ASKING_ENV, AI_KEYS: `1:${sealing}` } });
  await using storage = await openPostgres({ url: cluster.databaseUrl });
  const [first] = cluster.nodes;
  await addModel(first!.url, await operatorKeyIn(first!.folder), upstream, load);
  const takeovers: PoolTakeover[] = [];
  for (let kill = 1; kill <= kills; kill++) {
    const shards = await storage.ownership.shards();
    const { owner } = shards[shardOf("pool", poolKey("text", model))]!;
    const victim = cluster.nodes.find(({ name }) => name === owner)!;
    report(`takeover of a pool, kill ${kill} of ${kills}`);
    const dies = (answer: string) => shards[shardOf("answer", answer)]!.owner === owner;
    takeovers.push(await killAndWatch(load, upstream, victim, dies, cluster));
    await victim.start();
    await cluster.untilShared();
  }
  return takeovers;
}

async function killAndWatch(
  { model, askers, questions }: PoolTakeoverLoad,
  upstream: UpstreamProcess,
  victim: NodeProcess,
  dies: (answer: string) => boolean,
  { nodes, databaseUrl }: Cluster,
): Promise<PoolTakeover> {
  using owned = new DisposableStack();
  await using leases = await PostgresLeases.watch(databaseUrl);
  const others = nodes.filter((node) => node !== victim);
  const crowd: AiAsker[] = [];
  for (let nth = 0; nth < askers; nth++) {
    const { url } = others[nth % others.length]!;
    const { token } = await takeGuestToken(url);
    crowd.push(owned.use(await AiAsker.connect(url, token)));
  }
  const { overRate, overConcurrency } = (await upstream.counts()).all;
  const asked: string[][] = crowd.map(() => []);
  const ends: Promise<AiDone>[] = [];
  for (let question = 0; question < questions; question++) {
    const text = (nth: number) => `Question ${question} of ${nth} to ${victim.name} at ${performance.now()}`;
    await Promise.all(crowd.map(async (asker, nth) => {
      // Ids made in one millisecond have no order.
      const at = Date.now() + question;
      let answer = ulid(at);
      while (!dies(answer)) answer = ulid(at);
      asked[nth]!.push(answer);
      const { end } = await asker.ask(model, answer, text(nth));
      ends.push(end);
    }));
  }
  await untilCalled(upstream, 0);
  victim.program?.signal("SIGKILL");
  const killedAt = performance.now();
  await victim.program?.ended;
  await delay(GRANTED_MS);
  const waiting = asked.map((answers) => answers.filter((answer) => !leases.has(answer)));
  const nextCallMs = await untilCalled(upstream, killedAt);
  const done = await Promise.all(ends.map((end) => Promise.race([end, delay(PATIENCE_MS)])));
  const { all } = await upstream.counts();
  return {
    ...{ killed: victim.name, waiting: waiting.flat().length, nextCallMs },
    overtaken: waiting.reduce((sum, answers) => sum + overtaken(answers, leases.order), 0),
    failed: done.filter((each) => each?.state !== "done").length,
    over: all.overRate + all.overConcurrency - overRate - overConcurrency,
  };
}

/** Of those that were asked in this order, how many are served before an earlier one. */
function overtaken(asked: readonly string[], served: readonly string[]): number {
  const places = asked.map((answer) => served.indexOf(answer));
  return places.filter((place, nth) => places.slice(0, nth).some((earlier) => earlier > place)).length;
}

/** Milliseconds from `since` until the upstream has one call more than now. */
async function untilCalled(upstream: UpstreamProcess, since: number): Promise<number> {
  const { all: { calls } } = await upstream.counts();
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(LOOK_MS)) {
    if ((await upstream.counts()).all.calls > calls) return performance.now() - since;
  }
  return Infinity;
}
