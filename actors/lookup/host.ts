import type { Clock } from "actors/runtime/clock.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { type CardStore, ENTITIES, type Entity } from "storage/card_storage.ts";
import type { VersionedCache } from "storage/cache/versioned_cache.ts";
import { lookupActor } from "./definition.ts";
import type { MergeLimits } from "./limits.ts";
import { lookupFactory, type Mergers, type StoredCard } from "./lookup.ts";
import { Merger } from "./merger.ts";

export interface LookupGround {
  readonly cards: CardStore;
  readonly shared: VersionedCache;
  readonly limits: MergeLimits;
  /** How long an entry stays in the shared cache. */
  readonly keepMs: number;
}

/** Lets the node look up cards for the cluster. */
export function hostLookups(node: ActorNode, { cards, shared, limits, keepMs }: LookupGround): Mergers {
  const { clock } = node.ports;
  const mergers = mergersOf(cards, clock, limits);
  node.host(
    lookupActor,
    lookupFactory({
      mergers,
      fill: (entity, id, entry) => void shared.put(cacheKey(entity, id), entry, keepMs),
    }),
  );
  return mergers;
}

export function mergersOf(cards: CardStore, clock: Clock, limits: MergeLimits): Mergers {
  const made = ENTITIES.map((entity) => {
    const read = (ids: readonly string[]) => readStored(cards, entity, ids);
    return [entity, new Merger<StoredCard>({ read, clock, limits })];
  });
  // One for each entity, which TypeScript cannot see through fromEntries.
  return Object.fromEntries(made) as Mergers;
}

/** The number changes with the form of the cards: nodes of two versions share one cache while they are replaced. */
export function cacheKey(entity: Entity, id: string): string {
  return `card:1:${entity}:${id}`;
}

async function readStored(
  cards: CardStore,
  entity: Entity,
  ids: readonly string[],
): Promise<Map<string, StoredCard>> {
  const found = await cards.read(entity, ids);
  const stored = new Map<string, StoredCard>();
  for (const [id, { version, value }] of found) stored.set(id, { version, json: JSON.stringify(value) });
  return stored;
}
