import type { Registry } from "prom-client";
import type { BusVitals } from "actors/bus/vitals.ts";
import type { Feed } from "actors/bus/feed.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { RemoteReport } from "actors/runtime/remote/counters.ts";
import { shardEpochs } from "actors/runtime/report.ts";
import { declareMetric, type Sample } from "./metric.ts";

export interface ClusterMetricsParts {
  readonly node: ActorNode;
  readonly vitals: BusVitals;
  readonly feed: Pick<Feed, "counts"> | undefined;
}

/** The node as one of several: its bus, its shards, what it sends to the others and they to it. */
export function declareClusterMetrics(registry: Registry, { node, vitals, feed }: ClusterMetricsParts): void {
  declareBus(registry, vitals);
  declareShards(registry, node);
  declareRemote(registry, node);
  if (feed !== undefined) declareFeed(registry, feed);
}

function declareBus(registry: Registry, vitals: BusVitals): void {
  declareMetric(
    registry,
    "barrage_bus_connected",
    "1 while the bus is connected, else 0",
    () => [[vitals.report().state === "connected" ? 1 : 0]],
  );
  declareMetric(
    registry,
    "barrage_bus_state_since_seconds",
    "When the bus came into its state, in seconds since 1970",
    () => [[vitals.report().since / 1_000]],
  );
  declareMetric(
    registry,
    "barrage_bus_lost_total",
    "Messages published while disconnected",
    () => [[vitals.report().lost]],
  );
  declareMetric(
    registry,
    "barrage_bus_dropped_total",
    "Messages refused because too many were waiting",
    () => [[vitals.report().dropped]],
  );
  declareMetric(
    registry,
    "barrage_bus_unconfirmed_total",
    "Messages on the way when a connection broke",
    () => [[vitals.report().unconfirmed]],
  );
  declareMetric(
    registry,
    "barrage_bus_disconnects_total",
    "Connections lost, for being too slow a reader as well",
    () => labelled("connection", vitals.report().disconnects),
    ["connection"],
  );
}

function declareShards(registry: Registry, node: ActorNode): void {
  declareMetric(registry, "barrage_node_epoch", "Epoch of the node's lease", () => {
    const { nodeEpoch } = node.ownership;
    return nodeEpoch === undefined ? [] : [[nodeEpoch]];
  });
  declareMetric(registry, "barrage_shards_by_epoch", "Shards owned by this node, by their epoch", () => {
    const counts: Record<string, number> = {};
    for (const epoch of shardEpochs(node)) counts[epoch] = (counts[epoch] ?? 0) + 1;
    return labelled("epoch", counts);
  }, ["epoch"]);
}

function declareRemote(registry: Registry, node: ActorNode): void {
  if (node.remote === undefined) return;
  function each(name: string, help: string, read: (remote: RemoteReport) => Sample[], label?: string): void {
    const samples = () => node.remote === undefined ? [] : read(node.remote);
    declareMetric(registry, name, help, samples, label === undefined ? [] : [label]);
  }
  each(
    "barrage_remote_targets",
    "Actors of other nodes this node is talking to",
    ({ targets }) => [[targets]],
  );
  each(
    "barrage_remote_waiting",
    "Commands sent to other nodes and not answered",
    ({ waiting }) => [[waiting]],
  );
  each(
    "barrage_remote_batches_total",
    "Batches of commands other nodes took in",
    ({ batches }) => [[batches]],
  );
  each(
    "barrage_remote_retries_total",
    "Batches sent once more, by the reason",
    ({ retries }) => labelled("reason", retries),
    "reason",
  );
  each(
    "barrage_remote_asked_again_total",
    "Commands sent once more because their answer stayed away",
    ({ askedAgain }) => [[askedAgain]],
  );
  each(
    "barrage_remote_timeouts_total",
    "Commands to other nodes whose outcome is unknown",
    ({ timeouts }) => [[timeouts]],
  );
  each(
    "barrage_hand_offs_total",
    "Shards that changed owner by agreement, or that an owner did not let go",
    ({ handOffs }) => labelled("outcome", handOffs),
    "outcome",
  );
  each(
    "barrage_asks_total",
    "What was asked over the bus by people and foreign programs",
    ({ asks }) => Object.entries(asks).map(([kind, { requests }]) => [requests, { kind }]),
    "kind",
  );
  each(
    "barrage_ask_errors_total",
    "Of these, what was answered with an error",
    ({ asks }) => Object.entries(asks).map(([kind, { errors }]) => [errors, { kind }]),
    "kind",
  );
}

function declareFeed(registry: Registry, feed: Pick<Feed, "counts">): void {
  declareMetric(
    registry,
    "barrage_feed_waiting",
    "Frames waiting for the feed",
    () => [[feed.counts.waiting]],
  );
  declareMetric(registry, "barrage_feed_sent_total", "Frames the feed took in", () => [[feed.counts.sent]]);
  declareMetric(
    registry,
    "barrage_feed_duplicates_total",
    "Frames sent again that the feed had already",
    () => [[feed.counts.duplicates]],
  );
  declareMetric(
    registry,
    "barrage_feed_lost_total",
    "Frames that never reached the feed",
    () => labelled("reason", feed.counts.lost),
    ["reason"],
  );
}

function labelled(label: string, values: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(values).map(([name, value]) => [value, { [label]: name }]);
}
