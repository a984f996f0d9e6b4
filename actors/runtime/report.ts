import type { BusReport } from "actors/bus/vitals.ts";
import type { FeedCounts } from "actors/bus/feed.ts";
import type { ActorNode } from "./node.ts";
import type { RemoteReport } from "./remote/counters.ts";

/** The actors of a node; counts are since its start. */
export interface RuntimeReport {
  /** Absent while the node holds no lease. */
  readonly epoch?: number;
  readonly shards: number;
  /** Of the shards owned; absent when there are none. */
  readonly epochs?: { readonly lowest: number; readonly highest: number };
  /** By kind: actors in memory, and commands in their mailboxes. */
  readonly actors: Readonly<Record<string, { readonly active: number; readonly waiting: number }>>;
  readonly commands: number;
  readonly turns: number;
  readonly restarts: number;
  readonly passivations: number;
  /** By place and reason. */
  readonly drops: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Absent on a node that is alone. */
  readonly remote?: RemoteReport;
}

/** What a node tells of itself to operators and their tools, as JSON. */
export interface NodeReport extends RuntimeReport {
  readonly bus: BusReport;
  readonly audience: {
    readonly connections: number;
    readonly eventStreams: number;
    readonly viewers: number;
    readonly rooms: number;
  };
  readonly feed?: FeedCounts;
}

export function reportRuntime(node: ActorNode): RuntimeReport {
  const { ownership, remote } = node;
  const epochs = shardEpochs(node);
  const drops: Record<string, Record<string, number>> = {};
  for (const [place, reason, count] of node.drops.entries()) (drops[place] ??= {})[reason] = count;
  return {
    ...(ownership.nodeEpoch === undefined ? {} : { epoch: ownership.nodeEpoch }),
    shards: epochs.length,
    ...(epochs.length === 0 ? {} : { epochs: { lowest: Math.min(...epochs), highest: Math.max(...epochs) } }),
    actors: Object.fromEntries(
      node.stats().map(({ definition: { kind }, active, waiting }) => [kind, { active, waiting }]),
    ),
    ...node.counters,
    drops,
    ...(remote === undefined ? {} : { remote }),
  };
}

/** The epoch of each shard the node owns now. */
export function shardEpochs({ ownership }: ActorNode): number[] {
  return ownership.shards.map((shard) => ownership.epochOf(shard)).filter((epoch) => epoch !== undefined);
}
