import type { Cluster } from "./cluster.ts";

/** What somebody who looks at a running cluster may try; each line can be copied. */
export function manual(cluster: Cluster, kept: boolean): string {
  const nats = cluster.members.find(({ name }) => name === "nats")?.url ?? "";
  const database = cluster.members.find(({ name }) => name === "postgres")?.url ?? "";
  const last = cluster.nodes.at(-1)?.name ?? "";
  const shards = "SELECT owner_node, count(*), max(epoch) FROM shard GROUP BY 1 ORDER BY 1";
  return `
Open it in two windows: they are served by different nodes and share every room.
  deno task demo --url ${cluster.url}
  nats -s ${nats} sub 'barrage.v1.evt.room.*.>'
  nats -s ${nats} req barrage.v1.ask.room.ROOM.info ''
  psql ${database} -c '${shards}'
Type status, or one of stop, kill, pause, resume, start and a name: "kill ${last}" (it stays down until "start ${last}").
Data and logs: ${cluster.folder} (${
    kept ? "kept" : "removed at the end; --keep keeps it"
  }). Ctrl-C stops everything.
`;
}
