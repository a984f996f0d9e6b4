/**
 * Reads users by id from Postgres, so many a second, in each of several ways, and prints what each made of them as one
 * line of JSON. Arguments: the database, seconds per case, the rate, and how many users.
 */
import DataLoader from "dataloader";
import { lookupActor, lookupKey } from "actors/lookup/definition.ts";
import { hostLookups } from "actors/lookup/host.ts";
import { DEFAULT_MERGE_LIMITS, type MergeLimits } from "actors/lookup/limits.ts";
import { MemoryBroker } from "actors/bus/memory.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { CardStore } from "storage/card_storage.ts";
import { openPostgres } from "storage/postgres.ts";
import { VersionedMemory, VersionedMemoryCache } from "storage/cache/versioned_memory.ts";
import { percentile } from "../statistics.ts";
import { KEPT_UP_MS, userId } from "./read_users.ts";

export interface ReadRow {
  readonly way: string;
  readonly offered: number;
  readonly perSecond: number;
  readonly queriesPerThousand: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

const [url = "", seconds = "3", rate = "5000", users = "10000"] = Deno.args;
const USERS = Number(users);
const QUIET_RATE = 10;
const QUIET_SECONDS = 3;
const WARM_UP_SECONDS = 0.5;
/** Below what the window is for. */
const MODEST_RATE = 500;
const LADDER = [1_000, 2_000, 3_000, 4_000, 6_000, 8_000, 10_000, 12_000];

await using storage = await openPostgres({ url });
let queries = 0;
const cards: CardStore = {
  read(entity, ids) {
    queries++;
    return storage.cards.read(entity, ids);
  },
  users: (page) => storage.cards.users(page),
};

type Read = (id: string) => Promise<unknown>;

/** Reads on the dot, however long answers take. */
async function offer(way: string, read: Read, perSecond: number, forSeconds: number): Promise<ReadRow> {
  const total = Math.max(1, Math.round(perSecond * forSeconds));
  const took: number[] = [];
  let failed = 0;
  let sent = 0;
  const open: Promise<void>[] = [];
  queries = 0;
  const began = performance.now();
  while (sent < total) {
    const due = Math.min(total, Math.floor((performance.now() - began) / 1_000 * perSecond) + 1);
    for (; sent < due; sent++) {
      const dueAt = began + sent * 1_000 / perSecond;
      open.push(
        read(userId(Math.floor(Math.random() * USERS))).then(
          () => void took.push(performance.now() - dueAt),
          () => void failed++,
        ),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const offered = performance.now() - began;
  await Promise.all(open);
  const lasted = performance.now() - began;
  return {
    way,
    offered: total / offered * 1_000,
    perSecond: took.length / lasted * 1_000,
    queriesPerThousand: queries / total * 1_000,
    p50: percentile(took, 0.5),
    p99: percentile(took, 0.99),
    failed,
  };
}

async function actorReads(limits: MergeLimits): Promise<{ read: Read } & AsyncDisposable> {
  await using owned = new AsyncDisposableStack();
  const bus = owned.use(new MemoryBroker({ onError: (error) => console.error(error) }).connect());
  const clock = owned.use(new SystemClock());
  const node = new ActorNode({
    node: { id: "bench", address: "127.0.0.1", version: "0" },
    clock,
    random: Math.random,
    bus,
    storage,
    limits: DEFAULT_LIMITS,
    lease: { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 30_000 },
    alone: true,
    networked: false,
  });
  const now = () => clock.monotonic();
  const shared = new VersionedMemoryCache(new VersionedMemory(now, { entriesMax: 1, lengthMax: 1_000_000 }));
  hostLookups(node, { cards, shared, limits, keepMs: 1 });
  await node.start();
  owned.defer(() => node.stop(1_000));
  const moved = owned.move();
  return {
    // Must begin after it was asked: nothing is answered from memory.
    read: (id) => node.ref(lookupActor, lookupKey("user", id)).get({ id, maxAgeMs: 0 }),
    [Symbol.asyncDispose]: () => moved[Symbol.asyncDispose](),
  };
}

const loader = new DataLoader<string, unknown>(async (ids) => {
  const found = await cards.read("user", ids);
  return ids.map((id) => found.get(id));
}, { cache: false, maxBatchSize: DEFAULT_MERGE_LIMITS.idsMax });
const direct: Read = (id) => cards.read("user", [id]);

const S = Number(seconds);
const RATE = Number(rate);
const rows: ReadRow[] = [];

/** At the rate, and at `low`, after a warm-up. */
async function measure(way: string, read: Read, low: number, lowSeconds: number): Promise<void> {
  await offer("warm-up", read, RATE, WARM_UP_SECONDS);
  rows.push(await offer(`${way}, ${low}/s`, read, low, lowSeconds));
  rows.push(await offer(way, read, RATE, S));
}

let sustained: ReadRow | undefined;
for (const ladderRate of LADDER) {
  const row = await offer("direct, at the rate it sustains", direct, ladderRate, S);
  if (row.p99 >= KEPT_UP_MS) break;
  sustained = row;
}
if (sustained !== undefined) rows.push(sustained);
await measure("direct", direct, QUIET_RATE, QUIET_SECONDS);
await measure("dataloader", (id) => loader.load(id), QUIET_RATE, QUIET_SECONDS);
const ways: readonly (readonly [string, MergeLimits, number, number])[] = [
  ["lookup, natural batches", { ...DEFAULT_MERGE_LIMITS, windowMs: 0 }, MODEST_RATE, S],
  ["lookup, always a window of 5 ms", { ...DEFAULT_MERGE_LIMITS, abovePerSecond: 0 }, MODEST_RATE, S],
];
for (const [way, limits, low, lowSeconds] of ways) {
  await using made = await actorReads(limits);
  await measure(way, made.read, low, lowSeconds);
}
{
  // The window above 1,000 reads a second.
  await using made = await actorReads(DEFAULT_MERGE_LIMITS);
  await measure("lookup", made.read, QUIET_RATE, QUIET_SECONDS);
  rows.push(await offer(`lookup, ${MODEST_RATE}/s`, made.read, MODEST_RATE, S));
}
console.log(JSON.stringify(rows));
