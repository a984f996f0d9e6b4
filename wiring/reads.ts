import { getLogger } from "@logtape/logtape";
import type { Bus } from "actors/bus/bus.ts";
import { CardReader } from "actors/lookup/card_reader.ts";
import { ChangeFeed } from "actors/lookup/change_feed.ts";
import { IdFilter, type ReadMarks } from "actors/lookup/id_filter.ts";
import { DEFAULT_HOT_LIMITS, HotKeys } from "actors/lookup/hot_keys.ts";
import { HotPoll } from "actors/lookup/hot_poll.ts";
import { hostLookups } from "actors/lookup/host.ts";
import { DEFAULT_MERGE_LIMITS, DEFAULT_READ_LIMITS, type ReadLimits } from "actors/lookup/limits.ts";
import type { RoomDirectory } from "actors/room/directory.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Config } from "config";
import { CardDesk } from "routes/card_desk.ts";
import type { Switchboard } from "routes/switches/switchboard.ts";
import type { Cache } from "storage/cache/cache.ts";
import { VersionedMemory } from "storage/cache/versioned_memory.ts";
import type { Storage } from "storage/storage.ts";

const log = getLogger(["barrage", "lookup"]);

/** UTF-16 units of one card in the node's own memory, as most have them. */
const CARD_LENGTH = 1_024;

export interface ReadGround {
  readonly node: ActorNode;
  readonly directory: Pick<RoomDirectory, "ids">;
  readonly storage: Storage;
  readonly cache: Cache;
  readonly bus: Bus;
  readonly switches: Pick<Switchboard, "isOn">;
}

export type Reads = Awaited<ReturnType<typeof openReads>>;

/** What reads of cards go through. */
export async function openReads(
  { reads, stores }: Config,
  { node, directory, storage, cache, bus, switches }: ReadGround,
  owned: AsyncDisposableStack,
) {
  const { clock, random } = node.ports;
  const { parallel, slowMs, idsMax, waitingMax, windowMs, abovePerSecond, firstMax, outdated, ...times } =
    reads;
  const limits: ReadLimits = { ...DEFAULT_READ_LIMITS, ...times };
  const shared = cache.versioned;
  const mergers = hostLookups(node, {
    ...{ cards: storage.cards, shared, keepMs: limits.outdatedMs },
    limits: { ...DEFAULT_MERGE_LIMITS, parallel, slowMs, idsMax, waitingMax, windowMs, abovePerSecond },
  });
  const bounds = { entriesMax: firstMax, lengthMax: firstMax * CARD_LENGTH };
  const first = new VersionedMemory(() => clock.monotonic(), bounds);
  const hot = new HotKeys(() => clock.monotonic(), DEFAULT_HOT_LIMITS);
  const hotPoll = owned.use(new HotPoll({ bus, clock, ids: node.ports.ids, hot }));
  const filters = { user: new IdFilter(), room: directory.ids };
  const reader = new CardReader({
    ...{ node, first, shared, mergers, limits, random },
    filters,
    onRead: (key) => hot.count(key),
    isHot: (key) => hot.isHot(key),
    servesStale: () => outdated === "on" || switches.isOn("serve-stale"),
  });
  const { changes } = storage;
  const feed = owned.use(
    new ChangeFeed({
      ...{ node, bus, changes, shared, reader, mergers, staleMs: limits.staleMs },
      onChange: ({ entity, id, version }) => {
        // What is older was read by the filter itself, or told when it was new.
        if (version === 1) filters[entity].add(id);
      },
    }),
  );
  await Promise.all([feed.ready, hotPoll.ready]);
  const stopping = new AbortController();
  owned.defer(() => stopping.abort());
  const readUsers: ReadMarks = (page) => storage.cards.users(page);
  const networked = stores.natsUrls !== undefined;
  const followed = networked
    ? filters.user.follow(readUsers, clock, stopping.signal, true)
    : filters.user.fillDaily(readUsers, clock, stopping.signal);
  followed.catch((error) => {
    log.error("Cannot read the ids of users; unknown ones will be looked up: {error}", { error });
  });
  return {
    reader,
    shared,
    hotPoll,
    filters,
    mergers,
    feed,
    first,
    desk: new CardDesk(reader),
    staleMs: limits.staleMs,
  };
}
