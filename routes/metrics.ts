import { Hono } from "hono";
import { Registry } from "prom-client";
import type { AssistantMeters } from "actors/ai/assistant/meters.ts";
import type { PoolMeters } from "actors/ai/pool/meter.ts";
import type { Cache } from "storage/cache/cache.ts";
import type { Storage } from "storage/storage.ts";
import type { ChatHub } from "./gateway/chat/chat_hub.ts";
import type { EventStreams } from "./gateway/event_streams.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { Hub } from "./gateway/hub.ts";
import { declareAiMetrics } from "./ai_metrics.ts";
import { type AnswerMetricsParts, declareAnswerMetrics } from "./answer_metrics.ts";
import { declareAssistantMetrics } from "./assistant_metrics.ts";
import { type ClusterMetricsParts, declareClusterMetrics } from "./cluster_metrics.ts";
import type { HttpEnv } from "./http_app.ts";
import { declareMetric } from "./metric.ts";
import { declareSwitchMetrics, type SwitchMetricsParts } from "./switch_metrics.ts";
import { declareReadMetrics, type ReadMetricsParts } from "./read_metrics.ts";

export interface MetricsParts extends ClusterMetricsParts {
  readonly storage: Pick<Storage, "lane">;
  readonly cache: Pick<Cache, "stats">;
  readonly gateway: Gateway;
  readonly streams: EventStreams;
  readonly hub: Hub;
  readonly chat: ChatHub;
  readonly pools: PoolMeters;
  readonly reads: ReadMetricsParts;
  readonly ai: AnswerMetricsParts;
  readonly assistants: AssistantMeters;
  readonly switching: SwitchMetricsParts;
}

/** Everything is read when asked for; the hot paths only count in plain fields. */
export function metricsRoutes(parts: MetricsParts) {
  const registry = new Registry();
  declare(registry, parts);
  declareClusterMetrics(registry, parts);
  declareAiMetrics(registry, parts.pools);
  declareReadMetrics(registry, parts.reads);
  declareAnswerMetrics(registry, parts.ai);
  declareAssistantMetrics(registry, parts.assistants);
  declareSwitchMetrics(registry, parts.switching);
  return new Hono<HttpEnv>().get("/metrics", async (c) => {
    c.header("content-type", registry.contentType);
    return c.body(await registry.metrics());
  });
}

function declare(
  registry: Registry,
  { node, storage, cache, gateway, streams, hub, chat }: MetricsParts,
): void {
  const plain: readonly [name: string, help: string, read: () => number][] = [
    ["barrage_commands_total", "Commands that ran", () => node.counters.commands],
    ["barrage_turns_total", "Turns that ran", () => node.counters.turns],
    ["barrage_actor_restarts_total", "Actors restarted after a crash", () => node.counters.restarts],
    ["barrage_actor_passivations_total", "Actors sent out of memory", () => node.counters.passivations],
    ["barrage_shards", "Shards owned by this node", () => node.ownership.shards.length],
    [
      "barrage_commit_transactions_total",
      "Transactions of the commit lane",
      () => storage.lane.stats.transactions,
    ],
    ["barrage_commit_units_total", "Units committed", () => storage.lane.stats.units],
    ["barrage_commit_waiting", "Units waiting to be committed", () => storage.lane.stats.waiting],
    ["barrage_cache_hits_total", "Values found in the cache", () => cache.stats.hits],
    ["barrage_cache_misses_total", "Values not found in the cache", () => cache.stats.misses],
    ["barrage_cache_errors_total", "Calls that the shared cache failed", () => cache.stats.errors],
    [
      "barrage_cache_fallbacks_total",
      "Calls answered from this node's memory instead of the shared cache",
      () => cache.stats.fallbacks,
    ],
    ["barrage_connections", "Open WebSockets", () => gateway.connections],
    ["barrage_sockets", "WebSockets that take up memory, closing ones included", () => gateway.sockets],
    ["barrage_event_streams", "Open event streams", () => streams.size],
    ["barrage_chat_sockets", "Sockets that chat", () => chat.sockets],
    ["barrage_chat_conversations", "Conversations of such sockets", () => chat.conversations],
    ["barrage_viewers", "Viewers seated on this node", () => hub.viewers],
    ["barrage_watched_rooms", "Rooms with viewers on this node", () => hub.rooms],
  ];
  for (const [name, help, read] of plain) declareMetric(registry, name, help, () => [[read()]]);
  declareMetric(
    registry,
    "barrage_drops_total",
    "What was refused, dropped or lost, by place and reason",
    () => [...node.drops.entries()].map(([place, reason, count]) => [count, { place, reason }]),
    ["place", "reason"],
  );
  const kinds = [["barrage_actors", "Actors in memory", "active"], [
    "barrage_mailbox_waiting",
    "Commands waiting",
    "waiting",
  ]] as const;
  for (const [name, help, field] of kinds) {
    declareMetric(
      registry,
      name,
      help,
      () => node.stats().map((row) => [row[field], { kind: row.definition.kind }]),
      ["kind"],
    );
  }
}
