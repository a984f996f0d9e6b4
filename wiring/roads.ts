import { getLogger } from "@logtape/logtape";
import type { Bus } from "actors/bus/bus.ts";
import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { NatsBus } from "actors/bus/nats.ts";
import { NatsFeed } from "actors/bus/nats_feed.ts";
import { RepeatingBus } from "actors/bus/repeating_bus.ts";
import { TappedBus } from "actors/bus/tapped_bus.ts";
import { BusVitals } from "actors/bus/vitals.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Config } from "config";

const log = getLogger(["barrage", "main"]);

/** The bus as actors see it, how it is, and the feed that listens in on it. */
export interface Roads {
  readonly bus: Bus;
  readonly vitals: BusVitals;
  readonly feed: NatsFeed | undefined;
}

export async function openRoads(
  config: Config,
  nodeId: string,
  clock: Clock,
  owned: AsyncDisposableStack,
): Promise<Roads> {
  const road = owned.use(await openBus(config.stores.natsUrls, nodeId));
  const vitals = owned.use(new BusVitals(road, () => clock.now()));
  const feed = owned.use(openFeed(config, nodeId));
  const bus = owned.use(new RepeatingBus(feed === undefined ? road : new TappedBus(road, feed), clock));
  return { bus, vitals, feed };
}

async function openBus(natsUrls: readonly string[] | undefined, name: string): Promise<MemoryBus | NatsBus> {
  const onError = (error: unknown) => log.error("The bus reports: {error}", { error });
  if (natsUrls === undefined) return new MemoryBroker({ onError }).connect();
  return await NatsBus.connect({ servers: natsUrls, name, onError });
}

function openFeed({ feed, stores: { natsUrls } }: Config, name: string): NatsFeed | undefined {
  if (feed.enabled !== "on" || natsUrls === undefined) return undefined;
  const stream = { name: feed.stream, maxAgeMs: feed.maxAgeHours * 3_600_000, maxBytes: feed.maxBytes };
  const onError = (error: unknown) => log.error("The feed reports: {error}", { error });
  return new NatsFeed({ servers: natsUrls, name, stream, onError });
}
