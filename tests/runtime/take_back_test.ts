import assert from "node:assert/strict";
import type { ActorNode } from "actors/runtime/node.ts";
import { shardOf } from "actors/runtime/shard.ts";
import type { OwnershipStore, Storage } from "storage/storage.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { LEASE, outcome, RuntimeStage, type StageOptions } from "tests/support/runtime_stage.ts";

const KEY = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

/** The lease seems to be over before the answer is there, and is not. */
const LATE_MS = LEASE.fenceMs - 500;

async function start(stage: RuntimeStage, id: string, options: StageOptions = {}): Promise<ActorNode> {
  const node = stage.make(id, options);
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  return node;
}

Deno.test("[F4] commands that waited for an owner elsewhere run before later ones when their own node takes over", async () => {
  await using stage = await RuntimeStage.open();
  const [a, b] = [await start(stage, "a"), await start(stage, "b")];
  const ledger = b.ref(ledgerActor, KEY);
  await ledger.add({ text: "0" });
  stage.kill(a);
  const answers: Promise<unknown>[] = [];
  for (let n = 1; n <= 400; n++) {
    answers.push(ledger.add({ text: `${n}` }, { timeoutMs: 60_000 }));
    await stage.clock.advance(50);
  }
  assert.ok(b.ownership.epochOf(shardOf("ledger", KEY)) !== undefined);
  await stage.clock.advance(5_000);
  const states = await Promise.all(answers.map((answer) => outcome(answer)));
  assert.deepEqual(states.filter((state) => typeof state === "string"), []);
  const lines = await linesOf(stage.storage.rooms, KEY);
  assert.deepEqual(lines, Array.from({ length: 401 }, (_, n) => `${n}`));
});

Deno.test("[F4] commands sent while a renewal is late run before those sent when it has come", async () => {
  await using stage = await RuntimeStage.open();
  let slow = false;
  const wrap = (storage: Storage): Storage =>
    new Proxy(storage, {
      get: (target, name) => name === "ownership" ? late(target.ownership) : target[name as keyof Storage],
    });
  const late = (store: OwnershipStore): OwnershipStore => ({
    register: (node) => store.register(node),
    nodes: () => store.nodes(),
    shards: () => store.shards(),
    claim: (node, wanted) => store.claim(node, wanted),
    transfer: (from, shard, to) => store.transfer(from, shard, to),
    release: (node, shards) => store.release(node, shards),
    drain: (id, epoch) => store.drain(id, epoch),
    unregister: (id, epoch) => store.unregister(id, epoch),
    async renew(id, epoch, ttlMs) {
      const renewed = await store.renew(id, epoch, ttlMs);
      if (slow) await new Promise<void>((resolve) => stage.clock.after(LATE_MS, resolve));
      return renewed;
    },
  });
  const node = await start(stage, "a", { wrap });
  const ledger = node.ref(ledgerActor, KEY);
  await ledger.add({ text: "0" });
  slow = true;
  const states: Promise<string>[] = [];
  for (let n = 1; n <= 800; n++) {
    const answer = ledger.add({ text: `${n}` }, { timeoutMs: 60_000 });
    states.push(answer.then(() => "acked", (error) => error.reason));
    await stage.clock.advance(25);
  }
  slow = false;
  await stage.clock.advance(LATE_MS * 2);
  const refused = (await Promise.all(states)).filter((state) => state !== "acked");
  assert.ok(refused.length > 0, "the lease never seemed to be over");
  const lines = await linesOf(stage.storage.rooms, KEY);
  assert.deepEqual(lines, lines.toSorted((a, b) => Number(a) - Number(b)));
  assert.equal(lines.length, 801 - refused.length);
});
