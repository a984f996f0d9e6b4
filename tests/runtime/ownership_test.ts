import assert from "node:assert/strict";
import fc from "fast-check";
import { goneInMs } from "actors/runtime/ownership.ts";
import { shardOf, wish } from "actors/runtime/shard.ts";
import { SHARDS, type Storage } from "storage/storage.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

const ROOM = "01JD3Y4B6V8Q2Z5K7M9N0P1R2T";

Deno.test("[O1] the shard of an actor is fixed for ever", () => {
  assert.equal(shardOf("room", "01JD3Y4B6V8Q2Z5K7M9N0P1R2S"), 51);
  assert.equal(shardOf("session", "01JD3Y4B6V8Q2Z5K7M9N0P1R2S"), 24);
});

Deno.test("[O1] keys spread evenly over the shards", () => {
  const counts = new Array<number>(SHARDS).fill(0);
  for (let n = 0; n < 64_000; n++) counts[shardOf("room", `key ${n}`)]!++;
  assert.ok(
    Math.min(...counts) > 150 && Math.max(...counts) < 350,
    `${Math.min(...counts)}-${Math.max(...counts)}`,
  );
});

Deno.test("[O8] a node that comes or goes moves only the shards it gains or loses", () => {
  const nodeIds = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 2, maxLength: 9 });
  fc.assert(fc.property(nodeIds, fc.nat(SHARDS - 1), ([leaver, ...rest], shard) => {
    const before = wish(shard, [leaver!, ...rest]);
    assert.equal(wish(shard, [...rest].reverse().concat(leaver!)), before);
    if (before !== leaver) assert.equal(wish(shard, rest), before);
  }));
});

Deno.test("[O8] shards are shared out evenly", () => {
  const nodes = ["node-a", "node-b", "node-c"];
  const counts = new Map<string, number>();
  for (let n = 0; n < SHARDS; n++) counts.set(wish(n, nodes)!, (counts.get(wish(n, nodes)!) ?? 0) + 1);
  for (const node of nodes) assert.ok(counts.get(node)! > 60 && counts.get(node)! < 112, `${[...counts]}`);
});

Deno.test("[O2] one node takes all 256 shards, and every taking over raises the epoch", async () => {
  await using stage = await RuntimeStage.open();
  const first = stage.make();
  await first.start();
  assert.equal(first.ownership.shards.length, SHARDS);
  assert.equal(first.ownership.epochOf(7), 1);
  await first.stop(0);
  const second = stage.make();
  await second.start();
  assert.equal(second.ownership.epochOf(7), 2);
});

Deno.test("[O3] a node that cannot renew fences itself 7.5 s after sending its last good renewal", async () => {
  await using stage = await RuntimeStage.open();
  let broken = false;
  const wrap = (storage: Storage): Storage =>
    override(storage, {
      ownership: override(storage.ownership, {
        renew: (id, epoch, ttl) =>
          broken ? Promise.reject(new Error("database away")) : storage.ownership.renew(id, epoch, ttl),
        register: (node) =>
          broken ? Promise.reject(new Error("database away")) : storage.ownership.register(node),
      }),
    });
  const node = stage.make("a", { wrap });
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  await stage.clock.advance(5_000);
  broken = true;
  await stage.clock.advance(7_400);
  assert.equal(node.ownership.holds, true);
  await stage.clock.advance(200);
  assert.equal(node.ownership.holds, false);
  const waiting = node.ref(ledgerActor, ROOM).add({ text: "while outside" });
  assert.equal(await outcome(waiting), "open");
  assert.deepEqual(await linesOf(stage.storage.rooms, ROOM), []);
  const [record] = await stage.storage.ownership.nodes();
  assert.equal(record?.id, "a", "the database still counts the node as alive: it stopped first");
  broken = false;
  await stage.clock.advance(2_600);
  assert.equal(node.ownership.epochOf(0), 2);
  assert.deepEqual(await waiting, { offset: 1 });
});

Deno.test("[O4] a process that stood still longer than its lease runs nothing under the old epoch", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  const ref = node.ref(ledgerActor, ROOM);
  await ref.add({ text: "before" });
  stage.clock.pause(8_000);
  const queued = Array.from(
    { length: 10 },
    (_, n) => ref.add({ text: `queued ${n}` }, { timeoutMs: 60_000 }),
  );
  assert.deepEqual(
    await Promise.all(queued.map((answer) => outcome(answer))),
    queued.map(() => "unavailable"),
  );
  assert.deepEqual(await linesOf(stage.storage.rooms, ROOM), ["before"]);
  await stage.clock.advance(3_000);
  assert.deepEqual(await ref.add({ text: "after" }), { offset: 2 });
});

Deno.test("[O5] of two processes with one id the newer wins; the older notices and lets go", async () => {
  await using stage = await RuntimeStage.open();
  const older = stage.make("same");
  older.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await older.start();
  await older.ref(ledgerActor, ROOM).add({ text: "older" });
  const newer = stage.make("same");
  newer.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await newer.start();
  assert.deepEqual(await newer.ref(ledgerActor, ROOM).add({ text: "newer" }), { offset: 2 });
  // The older one has not renewed yet and still believes: the store must not, and the newer one gets the command.
  const sentOn = outcome(older.ref(ledgerActor, ROOM).add({ text: "sent on" }), stage.clock.advance(1_000));
  assert.deepEqual(await sentOn, { offset: 3 });
  assert.equal(older.drops.of("commit", "fenced"), 1);
  assert.deepEqual(await linesOf(stage.storage.rooms, ROOM), ["older", "newer", "sent on"]);
});

Deno.test("[R24] a zombie's write is refused by the store, its actor stops, and its node asks what is still its own", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  const ref = node.ref(ledgerActor, ROOM);
  await ref.add({ text: "mine" });
  await stage.storage.rooms.acquire(ROOM, 99);
  const both = [ref.add({ text: "zombie" }), ref.add({ text: "behind" })];
  assert.deepEqual(await Promise.all(both.map((answer) => outcome(answer))), ["open", "open"]);
  assert.equal(node.stats()[0]!.active, 0);
  assert.equal(node.drops.of("commit", "fenced"), 1);
  // Reading the state is fenced too: a zombie cannot even start, and nobody else has the row's epoch here.
  const again = outcome(ref.add({ text: "again" }), stage.clock.advance(6_000));
  assert.equal(await again, "timeout");
  assert.deepEqual(await Promise.all(both.map((answer) => outcome(answer))), ["timeout", "timeout"]);
  assert.deepEqual(await linesOf(stage.storage.rooms, ROOM), ["mine"]);
});

Deno.test("[O7] shards of a node that died are taken when its lease has run out, those of one that stopped at once", async () => {
  await using stage = await RuntimeStage.open();
  const dead = stage.make("dead");
  await dead.start();
  stage.kill(dead);
  const heir = stage.make("heir");
  await heir.start();
  assert.equal(heir.ownership.shards.length, 0);
  await stage.clock.advance(9_900);
  assert.equal(heir.ownership.shards.length, 0);
  await stage.clock.advance(2_700);
  assert.equal(heir.ownership.shards.length, SHARDS);
  await heir.stop(0);
  const next = stage.make("next");
  await next.start();
  assert.deepEqual([next.ownership.shards.length, next.ownership.epochOf(0)], [SHARDS, 3]);
});

Deno.test("[O12] a node whose claims are held up keeps its lease and takes the shards later", async () => {
  await using stage = await RuntimeStage.open();
  const gate = Promise.withResolvers<void>();
  let held = false;
  const wrap = (storage: Storage): Storage =>
    override(storage, {
      ownership: override(storage.ownership, {
        claim: async (node, shards) => {
          if (held) await gate.promise;
          return await storage.ownership.claim(node, shards);
        },
      }),
    });
  const doomed = stage.make("a");
  await doomed.start();
  const survivor = stage.make("b", { wrap });
  await survivor.start();
  assert.equal(survivor.ownership.shards.length, 0);
  held = true;
  stage.kill(doomed);
  await stage.clock.advance(60_000);
  assert.equal(survivor.ownership.holds, true);
  assert.equal(survivor.ownership.nodeEpoch, 1);
  gate.resolve();
  await stage.clock.advance(2_500);
  assert.equal(survivor.ownership.shards.length, SHARDS);
});

Deno.test("[R23] a failed commit is answered, ends the incarnation, and the memory that ran ahead is gone", async () => {
  await using stage = await RuntimeStage.open();
  let fail = false;
  const wrap = (storage: Storage): Storage =>
    override(storage, {
      lane: override(storage.lane, {
        commit: (fence, writes) =>
          fail ? Promise.reject(new Error("disk full")) : storage.lane.commit(fence, writes),
      }),
    });
  const node = stage.make("a", { wrap });
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  const ref = node.ref(ledgerActor, ROOM);
  await ref.add({ text: "1" });
  fail = true;
  assert.equal(await outcome(ref.add({ text: "lost" })), "internal");
  fail = false;
  assert.deepEqual(await outcome(ref.add({ text: "2" }), stage.clock.advance(200)), { offset: 2 });
  assert.deepEqual(await linesOf(stage.storage.rooms, ROOM), ["1", "2"]);
});

/** `base` with some methods replaced; the rest keep their own `this`. */
function override<T extends object>(base: T, replaced: Partial<T>): T {
  return new Proxy(base, {
    get(target, name) {
      if (name in replaced) return replaced[name as keyof T];
      const value = target[name as keyof T];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("[O16] a process is gone when its lease is over, and one that lost its name when it must have stopped", async () => {
  await using stage = await RuntimeStage.open();
  const [watcher, victim] = [stage.make("watcher"), stage.make("victim")];
  await watcher.start();
  await victim.start();
  const { holder } = victim.ownership;
  assert.deepEqual([holder?.id, watcher.ownership.only], ["victim", undefined]);
  const told = async (epoch = holder!.epoch) => await watcher.ownership.goneInMs([{ id: "victim", epoch }]);
  assert.deepEqual(await told(), [undefined]);
  stage.kill(victim);
  await stage.clock.advance(7_000);
  assert.deepEqual(await told(), [undefined], "the database does not know it yet");
  await stage.clock.advance(3_100);
  assert.deepEqual(await told(), [0]);
  const again = stage.make("victim");
  await again.start();
  assert.deepEqual(await told(), [7_875], "another process has its name");
  assert.deepEqual(await told(holder!.epoch + 1), [undefined]);
});

Deno.test("[O16] with a locked data directory whoever had the name before is gone at once", () => {
  const living = [{ id: "a", epoch: 5 }];
  const holders = [{ id: "a", epoch: 4 }, { id: "a", epoch: 5 }, { id: "b", epoch: 1 }];
  assert.deepEqual(goneInMs(holders, living, { fenceMs: 0 }), [0, undefined, 0]);
});
