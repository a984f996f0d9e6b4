import { deepEqual, equal, ok } from "node:assert/strict";
import type { ActorNode } from "actors/runtime/node.ts";
import { shardOf } from "actors/runtime/shard.ts";
import type { OwnershipStore, Storage } from "storage/storage.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { LEASE, outcome, RuntimeStage, type StageOptions } from "tests/support/runtime_stage.ts";

const KEY = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
const SHARD = shardOf("ledger", KEY);
const SAID = Array.from({ length: 20 }, (_, n) => `${n}`);

async function start(stage: RuntimeStage, id: string, options: StageOptions = {}): Promise<ActorNode> {
  const node = stage.make(id, options);
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  return node;
}

/** What the broker sees of a process that stands still: a member of the queue that takes and never answers. */
async function joinSilently(stage: RuntimeStage): Promise<{ readonly swallowed: number }> {
  const seen = { swallowed: 0 };
  const swallow = () => void seen.swallowed++;
  await stage.broker.connect().subscribe(`barrage.v1.act.${SHARD}.>`, swallow, { queue: "own" }).ready;
  return seen;
}

/** One after the other; how long the slowest took. */
async function sayAll(stage: RuntimeStage, from: ActorNode): Promise<number> {
  let slowest = 0;
  for (const text of SAID) {
    const since = stage.clock.monotonic();
    const said = from.ref(ledgerActor, KEY).add({ text });
    let over = false;
    const end = () => void (over = true);
    said.then(end, end);
    while (!over) await stage.clock.advance(10);
    equal(typeof await outcome(said), "object");
    slowest = Math.max(slowest, stage.clock.monotonic() - since);
  }
  return slowest;
}

Deno.test("[O15] commands that a silent member of the queue swallows go to the owner himself, once it has been found out", async () => {
  await using stage = await RuntimeStage.open();
  await start(stage, "a");
  const b = await start(stage, "b");
  const silent = await joinSilently(stage);
  const slowest = await sayAll(stage, b);
  ok(slowest < 1_000, `one took ${slowest} ms`);
  deepEqual([silent.swallowed, b.remote?.retries.timeout], [1, 1]);
  deepEqual(await linesOf(stage.storage.rooms, KEY), SAID);
});

Deno.test("[O15] they go through the queue again when that owner has left", async () => {
  await using stage = await RuntimeStage.open();
  const [a, b] = [await start(stage, "a"), await start(stage, "b")];
  await joinSilently(stage);
  await sayAll(stage, b);
  stage.kill(a);
  await stage.clock.advance(LEASE.ttlMs + LEASE.renewMs);
  const c = await start(stage, "c");
  await stage.clock.advance(LEASE.ttlMs);
  ok([b, c].some((node) => node.ownership.epochOf(SHARD) !== undefined));
  const [owner, other] = b.ownership.epochOf(SHARD) === undefined ? [c, b] : [b, c];
  const answer = other.ref(ledgerActor, KEY).add({ text: "then" });
  equal(typeof await outcome(answer, stage.clock.advance(3_000)), "object");
  ok(owner.ownership.epochOf(SHARD) !== undefined);
  deepEqual(await linesOf(stage.storage.rooms, KEY), [...SAID, "then"]);
});

Deno.test("[O15] without the database's answer the queue goes on serving", async () => {
  await using stage = await RuntimeStage.open();
  await start(stage, "a");
  const back = Promise.withResolvers<void>();
  let away = false;
  const wrap = (storage: Storage): Storage =>
    new Proxy(storage, {
      get: (target, name) => name === "ownership" ? slow(target.ownership) : target[name as keyof Storage],
    });
  const slow = (store: OwnershipStore): OwnershipStore =>
    new Proxy(store, {
      get: (target, name: keyof OwnershipStore) =>
        name === "shards" && away
          ? () => back.promise.then(() => target.shards())
          : target[name].bind(target),
    });
  const b = await start(stage, "b", { wrap });
  await joinSilently(stage);
  away = true;
  ok(await sayAll(stage, b) < 4_000);
  ok((b.remote?.retries.timeout ?? 0) > 1);
  back.resolve();
  deepEqual(await linesOf(stage.storage.rooms, KEY), SAID);
});
