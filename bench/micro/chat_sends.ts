/**
 * Members of groups send to the conversations of their own node through typed references, as the gateway does, and
 * print one line of JSON. Arguments: seconds, conversations, messages under way, a rate to offer, and the URL of a
 * Postgres database; without one, SQLite.
 */
import { MemoryBroker } from "actors/bus/memory.ts";
import { groupId } from "actors/conversation/conversation_ids.ts";
import { conversationActor, type ConversationVerbs } from "actors/conversation/definition.ts";
import { hostConversations } from "actors/conversation/host.ts";
import { DEFAULT_CONVERSATION_LIMITS } from "actors/conversation/limits.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { SystemClock } from "actors/runtime/clock.ts";
import { Ids } from "actors/runtime/ids.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { openStorage } from "storage/open.ts";
import { SHARDS } from "storage/storage.ts";
import { OUT } from "../places.ts";
import { percentile } from "../statistics.ts";
import { delay } from "../wait.ts";
import { insertBarePostgres } from "./bare_postgres.ts";
import { insertBareSqlite } from "./bare_sqlite.ts";
import { callsPerSecond, type Latency } from "./pace.ts";

export interface ChatSends {
  /** Messages acknowledged a second. */
  readonly acked: number;
  /** Messages in one transaction. */
  readonly batch: number;
  /** Rows a second when the same ones are stored in batches of that size, with nothing around them. */
  readonly bare: number;
  /** From a message to its ack when so many are offered a second: the given rate, and half of what it carried. */
  readonly given: Offered;
  readonly half: Offered;
}

export interface Offered extends Latency {
  readonly rate: number;
}

/** Without the bounds that hold back one person. */
const UNHURRIED = { ...DEFAULT_CONVERSATION_LIMITS, sendBurst: 1_000_000, sendPerSecond: 1_000_000 };
const TEXT = "x".repeat(100);
const WARM_UP_SECONDS = 2;
const [seconds, conversations, underWay, rate] = Deno.args.slice(0, 4).map(Number) as [
  number,
  number,
  number,
  number,
];
const url = Deno.args[4];

await Deno.mkdir(OUT, { recursive: true });
const dataDir = await Deno.makeTempDir({ dir: OUT, prefix: `data-${Deno.ppid}-` });
const database = url === undefined
  ? { kind: "sqlite", path: `${dataDir}/barrage.db` } as const
  : { kind: "postgres", url } as const;

const { measured, stored, part } = await send();
const bare = url === undefined
  ? insertBareSqlite(stored, `${dataDir}/bare.db`, part)
  : await insertBarePostgres(url, part);
await Deno.remove(dataDir, { recursive: true });
console.log(JSON.stringify({ ...measured, bare } satisfies ChatSends));
Deno.exit();

async function send() {
  await using storage = await openStorage({ database, dataDir });
  await using bus = new MemoryBroker({ onError: (error) => console.error(error) }).connect();
  using clock = new SystemClock();
  const node = new ActorNode({
    node: { id: "bench", address: "127.0.0.1", version: "0" },
    clock,
    random: Math.random,
    bus,
    storage,
    limits: DEFAULT_LIMITS,
    lease: { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 0 },
    alone: database.kind === "sqlite",
    networked: false,
  });
  hostConversations(node, storage, bus, UNHURRIED);
  await node.start();
  while (node.ownership.shards.length < SHARDS) await delay(10);

  const ids = new Ids(clock, Math.random);
  const somebody = (): Caller => ({
    kind: "user",
    user: { id: ids.next(), name: "Somebody" },
    standing: "member",
    session: ids.next(),
  });
  const seats: Ref<ConversationVerbs>[][] = [];
  for (let nth = 0; nth < conversations; nth++) {
    const [owner, other] = [somebody(), somebody()];
    const key = groupId(owner.kind === "user" ? owner.user.id : "", "group");
    const refs = [owner, other].map((caller) => node.ref(conversationActor, key, caller));
    await refs[0]!.create({ id: "group", title: "Group", join: "open" });
    await refs[1]!.join({});
    seats.push(refs);
  }
  let turn = 0;
  const say = async () => {
    const nth = turn++;
    const seat = seats[nth % conversations]![Math.floor(nth / conversations) % 2]!;
    await seat.send({ id: ids.next(), text: TEXT });
  };

  await callsPerSecond(underWay, say, WARM_UP_SECONDS);
  const { transactions } = storage.lane.stats;
  // Each group begins with a message of its own, and another says who joined.
  const from = 2 * conversations + turn;
  const acked = await callsPerSecond(underWay, say, seconds);
  const to = 2 * conversations + turn;
  const batch = (to - from) / (storage.lane.stats.transactions - transactions);
  const given = await offer(say, rate);
  const half = await offer(say, acked / 2);
  await node.stop(1_000);
  return {
    measured: { acked, batch, given, half },
    stored: database.kind === "sqlite" ? database.path : "",
    part: { from, to, batch: Math.round(batch) },
  };
}

/** From the moment each was due, which is before it could be sent when the node was busy. */
async function offer(say: () => Promise<void>, rate: number): Promise<Offered> {
  const began = performance.now();
  const count = Math.floor(rate * seconds);
  const times: number[] = [];
  const under: Promise<void>[] = [];
  for (let nth = 0; nth < count;) {
    for (; nth < count && began + nth / rate * 1_000 <= performance.now(); nth++) {
      const due = began + nth / rate * 1_000;
      under.push(say().then(() => void times.push(performance.now() - due)));
    }
    await delay(0);
  }
  await Promise.all(under);
  return { rate, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}
