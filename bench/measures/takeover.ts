import { shardOf } from "actors/runtime/shard.ts";
import { openPostgres } from "storage/postgres.ts";
import type { NodeProcess } from "../../ops/cluster/node_process.ts";
import { openSpeakers, type Speaker } from "../load/speakers.ts";
import { Cluster } from "../servers/cluster.ts";

export interface TakeoverLoad {
  readonly kills: number;
  readonly nodes: number;
  readonly rooms: number;
  readonly leaseTtlMs: number;
  readonly leaseRenewMs: number;
}

export interface Takeover {
  readonly killed: string;
  /** For each room the dead node owned: from the kill to the first message the room acknowledged, in ms. */
  readonly ackedMs: readonly number[];
}

/** Kills the nodes in turn, each time while somebody speaks in every room that the node owns, through the others. */
export async function measureTakeovers(
  { kills, nodes, rooms, leaseTtlMs, leaseRenewMs }: TakeoverLoad,
  report: (line: string) => void,
): Promise<Takeover[]> {
  const env = { LEASE_TTL_MS: `${leaseTtlMs}`, LEASE_RENEW_MS: `${leaseRenewMs}` };
  await using cluster = await Cluster.start({ nodes, env });
  await using storage = await openPostgres({ url: cluster.databaseUrl });
  const speakers = await openSpeakers(cluster.nodes.map(({ url }) => url), rooms);
  const takeovers: Takeover[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const victim = cluster.nodes[kill % nodes]!;
    report(`takeover of ${victim.name}, kill ${kill + 1} of ${kills}`);
    const shards = await storage.ownership.shards();
    const owned = speakers.filter(({ room }) => shards[shardOf("room", room)]?.owner === victim.name);
    const others = cluster.nodes.filter((node) => node !== victim);
    takeovers.push({ killed: victim.name, ackedMs: await killAndWait(victim, others, owned) });
    await victim.start();
    await cluster.untilShared();
  }
  return takeovers;
}

async function killAndWait(
  victim: NodeProcess,
  others: readonly NodeProcess[],
  speakers: readonly Speaker[],
): Promise<number[]> {
  const through = (nth: number) => others[nth % others.length]!.url;
  await Promise.all(speakers.map((speaker, nth) => speaker.sayUntilAcked(through(nth))));
  const killedAt = performance.now();
  victim.program?.signal("SIGKILL");
  await victim.program?.ended;
  return await Promise.all(speakers.map(async (speaker, nth) => {
    await speaker.sayUntilAcked(through(nth));
    return performance.now() - killedAt;
  }));
}
