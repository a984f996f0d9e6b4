import type { Registry } from "prom-client";
import type { CardReader } from "actors/lookup/card_reader.ts";
import type { ChangeFeed } from "actors/lookup/change_feed.ts";
import type { IdFilter } from "actors/lookup/id_filter.ts";
import type { Mergers } from "actors/lookup/lookup.ts";
import type { Entity } from "storage/card_storage.ts";
import type { VersionedCache } from "storage/cache/versioned_cache.ts";
import { declareMetric } from "./metric.ts";

export interface ReadMetricsParts {
  readonly reader: Pick<CardReader, "stats">;
  readonly feed: Pick<ChangeFeed, "stats">;
  readonly shared: Pick<VersionedCache, "stats">;
  readonly mergers: Mergers;
  readonly filters: Readonly<Record<Entity, Pick<IdFilter, "stats">>>;
}

export function declareReadMetrics(
  registry: Registry,
  { reader, feed, shared, mergers, filters }: ReadMetricsParts,
): void {
  const by = (
    name: string,
    help: string,
    label: string,
    read: () => Readonly<Record<string, number>>,
  ) => declareMetric(registry, name, help, () => rows(read(), label), [label]);
  by("barrage_card_reads_total", "Reads of cards, by where they were answered", "from", () => reader.stats);
  by("barrage_card_changes_total", "Changes of cards told and heard of", "how", () => feed.stats);
  by("barrage_card_cache_total", "The cache of cards that nodes share", "what", () => ({ ...shared.stats }));
  const perEntity = (
    name: string,
    help: string,
    read: (entity: Entity) => Readonly<Record<string, number>>,
  ) =>
    declareMetric(
      registry,
      name,
      help,
      () =>
        (["user", "room"] as const).flatMap((entity) =>
          Object.entries(read(entity)).map(([what, count]) => [count, { entity, what }] as const)
        ),
      ["entity", "what"],
    );
  perEntity("barrage_lookups_total", "Lookups by id, and the queries made of them", (entity) => ({
    ...mergers[entity].stats,
  }));
  perEntity("barrage_id_filter", "What exists, and what was refused for not existing", (entity) => ({
    ...filters[entity].stats,
  }));
}

function rows(counts: Readonly<Record<string, number>>, label: string) {
  return Object.entries(counts).map(([name, count]) => [count, { [label]: name }] as const);
}
