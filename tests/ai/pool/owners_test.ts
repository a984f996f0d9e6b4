import { deepEqual, equal, ok } from "node:assert/strict";
import { answer, foundAnswers } from "tests/storage/contract/ai_records.ts";
import { outcome } from "tests/support/runtime_stage.ts";
import { answerId, credentialId, POOL, PoolStage, user } from "./pool_stage.ts";

const FAST = [{ inFlightMax: 2, startsPerSecond: 9 }];
/** What was told last may still be on its way. */
const LAPSE_MS = 3_000 + 16_250;

/** Answer `n` waits, as its row says. */
async function waits(stage: PoolStage, n: number, askedBy = 1): Promise<void> {
  const askers = [{ id: user(askedBy), name: `User ${askedBy}` }];
  await foundAnswers(stage.storage, answer(n, { askers, until: stage.clock.now() + 300_000 }));
}

Deno.test("[I50] a new owner begins nothing for a second and a margin", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  await stage.ask(9);
  await stage.start(9);
  await stage.end(9);
  await stage.clock.advance(300);
  stage.given.length = 0;
  await stage.restart();
  await stage.ask(1);
  await stage.clock.advance(1_049);
  deepEqual(stage.served, []);
  await stage.clock.advance(2);
  deepEqual(stage.served, [1]);
});

Deno.test("[I50] a new owner counts what was lent until it is given back", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  for (const n of [1, 2]) await stage.ask(n);
  await stage.restart();
  await stage.ready();
  equal((await stage.use()).inFlight, 2);
  await stage.ask(3);
  await stage.clock.advance(2_000);
  deepEqual(stage.served, [1, 2]);
  await stage.end(1);
  deepEqual(stage.served, [1, 2, 3]);
});

Deno.test("[I50] a start that the new owner knows nothing of is out until it hears that it has counted", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 3, startsPerSecond: 1 }] });
  await stage.ask(1);
  await stage.restart();
  await stage.ready();
  await stage.ask(2);
  await stage.clock.advance(3_000);
  deepEqual(stage.served, [1]);
  await stage.pool.renew({ lease: stage.leaseOf(1), started: true });
  await stage.clock.advance(1_049);
  deepEqual(stage.served, [1]);
  await stage.clock.advance(2);
  deepEqual(stage.served, [1, 2]);
});

Deno.test("[I50] what a new owner hears nothing of for a term comes back", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  stage.reply = () => new Promise(() => {});
  for (const n of [1, 2]) await stage.ask(n);
  await stage.restart();
  await stage.pool.inspect({});
  await stage.clock.advance(LAPSE_MS - 10);
  equal((await stage.use()).inFlight, 2);
  await stage.clock.advance(500);
  equal((await stage.use()).inFlight, 0);
  equal(stage.meters.counts.leases_lapsed, 2);
  deepEqual((await stage.storage.aiPools.acquire(POOL, 1_000, 10)).leases, []);
});

Deno.test("[I51] those who wait keep their places under a new owner", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 1, startsPerSecond: 9 }] });
  await stage.ask(1);
  for (const [n, by] of [[4, 2], [2, 1], [3, 1]] as const) await waits(stage, n, by);
  await stage.restart();
  await stage.ready();
  equal((await stage.pool.inspect({})).waiting, 3);
  for (const n of [1, 2, 4]) {
    await stage.start(n);
    await stage.end(n);
    await stage.clock.advance(1_100);
  }
  deepEqual(stage.served, [1, 2, 4, 3]);
});

Deno.test("[I51] who was lent something for this very attempt is not queued again, and the same is still merged into him", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  const digest = "d".repeat(43);
  await waits(stage, 1);
  await stage.ask(1, { digest });
  await stage.restart();
  await stage.ready();
  equal((await stage.pool.inspect({})).waiting, 0);
  deepEqual(await stage.ask(2, { digest }), { outcome: "merged", into: answerId(1) });
});

Deno.test("[I52] what an owner before us has lent is not told again, for it would begin a second call of one start", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  stage.reply = () => new Promise(() => {});
  await stage.ask(1);
  await stage.restart();
  await stage.ready();
  deepEqual(await stage.ask(1), { outcome: "queued", position: 0, etaMs: 0 });
  await stage.clock.advance(LAPSE_MS);
  deepEqual(stage.served, [1]);
  stage.reply = () => ({ taken: true });
  await stage.ask(1);
  await stage.clock.advance(1_100);
  deepEqual(stage.served, [1, 1]);
});

Deno.test("[I53] a new owner knows what is out, dead or learned", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 3, startsPerSecond: 9 }, {}, {}] });
  for (const [n, fault] of [[1, "concurrency"], [2, "quota"], [3, "auth"]] as const) {
    await stage.ask(n, { sticky: credentialId(n) });
    await stage.end(n, { kind: "fault", fault });
  }
  await stage.ask(4, { sticky: credentialId(1) });
  await stage.clock.advance(1_100);
  await stage.restart();
  await stage.ready();
  const { uses } = await stage.pool.inspect({});
  deepEqual(uses.map(({ state, learned }) => [state, learned]), [["ready", 2], ["quota", 2], ["dead", 2]]);
  ok(uses[1]!.forMs! > 50_000 && uses[1]!.forMs! < 60_000, String(uses[1]!.forMs));
});

Deno.test("[I54] the next owner serves those who wait though nobody calls it", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 1, startsPerSecond: 9 }] });
  await stage.ask(1);
  await waits(stage, 2);
  stage.reply = () => ({ taken: true });
  await stage.restart();
  await stage.clock.advance(60_000);
  ok(stage.served.includes(2));
});

Deno.test("[I54] a pool stays in memory while somebody waits or has been lent something, and no longer", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  const active = () => stage.node.stats().find(({ definition }) => definition.kind === "pool")!.active;
  await stage.ask(1);
  for (let n = 0; n < 5; n++) {
    await stage.clock.advance(4_000);
    equal(active(), 1);
    if (n < 3) await stage.pool.renew({ lease: stage.leaseOf(1) });
  }
  await stage.end(1);
  await stage.clock.advance(30_000);
  equal(active(), 0);
  deepEqual((await stage.storage.aiPools.acquire(POOL, 1_000, 10)).leases, []);
});

Deno.test("[I56] a pool that is new begins at once, and so does one that was left with every start back", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  await stage.restart();
  await stage.ask(1);
  deepEqual(stage.served, [1]);
  await stage.start(1);
  await stage.end(1);
  await stage.clock.advance(30_000);
  equal(stage.node.stats().find(({ definition }) => definition.kind === "pool")!.active, 0);
  await stage.ask(2);
  deepEqual(stage.served, [1, 2]);
  await stage.restart();
  await stage.ask(3);
  deepEqual(stage.served, [1, 2], "it was not left, it was killed");
});

Deno.test("[I56] a pool that is left while a start still counts is no resting one", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  await stage.ask(1);
  await stage.start(1);
  await stage.end(1);
  await stage.leave();
  await stage.restart();
  await stage.ask(2);
  await stage.clock.advance(1_040);
  deepEqual(stage.served, [1]);
  await stage.clock.advance(20);
  deepEqual(stage.served, [1, 2]);
});

Deno.test("[I55] an owner that was replaced lends nothing", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  await stage.storage.aiPools.acquire(POOL, 1_000_000, 10);
  await outcome(stage.pool.enqueue(stage.ticket(1)), stage.clock.advance(100));
  deepEqual([stage.served, stage.node.drops.of("commit", "fenced")], [[], 1]);
});

const RUNNER = { id: "node-a", epoch: 3 };
/** After a process is known to be gone. */
const GONE_MS = 500 + 250;

Deno.test("[I57] what a process was lent that is gone comes back as soon as the upstream has noticed", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  for (const n of [1, 2]) await stage.ask(n);
  await stage.pool.renew({ lease: stage.leaseOf(1), runner: RUNNER });
  await stage.pool.renew({ lease: stage.leaseOf(2), runner: { ...RUNNER, id: "node-b" } });
  await stage.clock.advance(200);
  stage.gone.set("node-a 3", 0);
  await stage.restart();
  await stage.pool.inspect({});
  await stage.clock.advance(GONE_MS - 10);
  equal((await stage.use()).inFlight, 2);
  await stage.clock.advance(20);
  equal((await stage.use()).inFlight, 1);
  await stage.clock.advance(10_000);
  equal((await stage.use()).inFlight, 1, "the other one lives");
});

Deno.test("[I57] a start of a process that is gone is out for a second and a margin more", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 1, startsPerSecond: 1 }] });
  await stage.ask(1);
  await stage.pool.renew({ lease: stage.leaseOf(1), runner: RUNNER });
  await stage.clock.advance(200);
  stage.gone.set("node-a 3", 0);
  await stage.restart();
  await stage.ask(2);
  await stage.clock.advance(GONE_MS + 1_040);
  deepEqual(stage.served, [1]);
  await stage.clock.advance(20);
  deepEqual(stage.served, [1, 2]);
});

Deno.test("[I57] one whose name another process has by now gets the time to find out", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  await stage.ask(1);
  await stage.pool.renew({ lease: stage.leaseOf(1), runner: RUNNER });
  await stage.clock.advance(200);
  stage.gone.set("node-a 3", 7_875);
  await stage.restart();
  await stage.pool.inspect({});
  await stage.clock.advance(7_875 + GONE_MS - 10);
  equal((await stage.use()).inFlight, 1);
  await stage.clock.advance(20);
  equal((await stage.use()).inFlight, 0);
});

Deno.test("[I57] who makes the call is stored within 200 ms, and again when that has changed", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  const stored = async () => (await stage.storage.aiPools.acquire(POOL, 1, 10)).leases[0]?.runner;
  await stage.ask(1);
  equal(await stored(), undefined);
  await stage.pool.renew({ lease: stage.leaseOf(1), runner: RUNNER });
  await stage.clock.advance(200);
  deepEqual(await stored(), RUNNER);
  await stage.pool.renew({ lease: stage.leaseOf(1), runner: { id: "node-b", epoch: 1 } });
  await stage.clock.advance(200);
  deepEqual(await stored(), { id: "node-b", epoch: 1 });
});

Deno.test("[I57] where one process makes all calls it is stored with the lease", async () => {
  await using stage = await PoolStage.open({ uses: FAST });
  stage.only = RUNNER;
  await stage.restart();
  await stage.ready();
  await stage.ask(1);
  stage.gone.set("node-a 3", 0);
  await stage.restart();
  await stage.pool.inspect({});
  await stage.clock.advance(GONE_MS + 10);
  equal((await stage.use()).inFlight, 0);
});
