import type { NodeRecord, OwnershipStore, ShardRecord } from "storage/storage.ts";
import { wish } from "./shard.ts";

/** The nodes that live and the shards, as the database has them. */
export interface ClusterView {
  readonly nodes: readonly NodeRecord[];
  readonly shards: readonly ShardRecord[];
}

export async function readView(store: OwnershipStore): Promise<ClusterView> {
  return { nodes: await store.nodes(), shards: await store.shards() };
}

/** Shards without a living owner that node `id` should have. */
export function orphans({ nodes, shards }: ClusterView, id: string): number[] {
  const owners = new Map(nodes.map(({ id, epoch }) => [id, epoch]));
  const staying = nodes.filter(({ draining }) => !draining).map(({ id }) => id);
  return shards.filter(({ n, owner, ownerEpoch }) =>
    (owner === undefined || owners.get(owner) !== ownerEpoch) && wish(n, staying) === id
  ).map(({ n }) => n);
}

/**
 * Shards that another living node owns and node `id` should have. While a node drains, only its shards move, so that a
 * rolling deploy does not shuffle the others back and forth; otherwise everything does, once the node is `settled`.
 */
export function wished(
  { nodes, shards }: ClusterView,
  id: string,
  settled: boolean,
): { n: number; owner: string }[] {
  const draining = new Set(nodes.filter((node) => node.draining).map(({ id }) => id));
  const staying = nodes.filter((node) => !node.draining).map(({ id }) => id);
  const moving = new Set(draining.size > 0 ? draining : settled ? staying : []);
  return shards.flatMap(({ n, owner }) =>
    owner !== undefined && owner !== id && moving.has(owner) && wish(n, staying) === id ? [{ n, owner }] : []
  );
}
