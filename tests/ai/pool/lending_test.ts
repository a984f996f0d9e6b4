import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { BarrageError } from "protocol/errors.ts";
import { outcome } from "tests/support/runtime_stage.ts";
import { answerId, credentialId, echoCredential, PoolStage, user } from "./pool_stage.ts";

const ONE = [{ inFlightMax: 1, startsPerSecond: 1 }];
const LAPSE_MS = 16_250;
const TELL_MS = 7_500;

Deno.test("[I10] the credential that has rested longest is lent first", async () => {
  await using stage = await PoolStage.open({ uses: [{}, {}, {}] });
  for (let n = 1; n <= 5; n++) {
    await stage.ask(n);
    await stage.clock.advance(1);
  }
  deepEqual(stage.given.map(({ credential }) => credential), [1, 2, 3, 1, 2].map(credentialId));
});

Deno.test("[I11] no more calls are lent than there are slots, and a slot comes back with its release", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 2, startsPerSecond: 9 }] });
  for (let n = 1; n <= 4; n++) await stage.ask(n);
  deepEqual(stage.served, [1, 2]);
  await stage.start(1);
  await stage.clock.advance(3_000);
  deepEqual(stage.served, [1, 2]);
  await stage.end(1);
  deepEqual(stage.served, [1, 2, 3]);
  equal((await stage.use()).inFlight, 2);
});

Deno.test("[I12] a start comes back a second and a margin after the upstream has counted it", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 9, startsPerSecond: 1 }] });
  await stage.ask(1);
  await stage.ask(2);
  await stage.clock.advance(5_000);
  deepEqual(stage.served, [1], "nobody knows yet that the upstream has counted it");
  await stage.start(1);
  await stage.start(1);
  await stage.clock.advance(1_049);
  deepEqual(stage.served, [1]);
  await stage.clock.advance(2);
  deepEqual(stage.served, [1, 2]);
});

Deno.test("[I12] without a word of it the start counts from the release on", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  await stage.ask(1);
  await stage.ask(2);
  await stage.clock.advance(2_000);
  await stage.end(1, { kind: "unused" });
  await stage.clock.advance(1_048);
  deepEqual(stage.served, [1]);
  await stage.clock.advance(3);
  deepEqual(stage.served, [1, 2]);
});

Deno.test("[I13] what an answer does not want comes back at once, with its start", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  stage.reply = ({ answer }) => ({ taken: answer !== answerId(1) });
  await stage.ask(1);
  await stage.ask(2);
  await stage.clock.settle();
  deepEqual(stage.served, [1, 2]);
  equal(stage.meters.counts.declined, 1);
  equal((await stage.use()).inFlight, 1);
});

Deno.test("[I14] a no after a command that may have run is not believed: the lease lapses", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  let tries = 0;
  stage.reply = () => {
    if (++tries === 1) throw new BarrageError("timeout");
    return { taken: false };
  };
  await stage.ask(1);
  await stage.clock.advance(5_000);
  equal(tries, 2);
  equal((await stage.use()).inFlight, 1);
  await stage.clock.advance(LAPSE_MS + TELL_MS - 5_002);
  equal((await stage.use()).inFlight, 1, "somebody may have been told as late as that");
  await stage.clock.advance(4);
  equal((await stage.use()).inFlight, 0);
});

Deno.test("[I14] after a command that has surely not run a no is believed", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  let tries = 0;
  stage.reply = () => {
    if (++tries === 1) throw new BarrageError("overloaded");
    return { taken: false };
  };
  await stage.ask(1);
  await stage.clock.advance(100);
  equal(tries, 2);
  equal((await stage.use()).inFlight, 0);
});

Deno.test("[I15] a lease that nobody was heard of for its term lapses, and is counted", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  await stage.ask(1);
  await stage.ask(2);
  for (let n = 0; n < 4; n++) {
    await stage.clock.advance(10_000);
    deepEqual(await stage.pool.renew({ lease: stage.leaseOf(1) }), { held: true });
    await stage.pool.enqueue(stage.ticket(2));
  }
  await stage.clock.advance(LAPSE_MS - 2);
  deepEqual(stage.served, [1]);
  equal(stage.meters.counts.leases_lapsed, 0);
  await stage.clock.advance(3);
  equal(stage.meters.counts.leases_lapsed, 1);
  await stage.clock.advance(1_047);
  deepEqual(stage.served, [1], "its start may have been the last thing that happened");
  await stage.clock.advance(5);
  deepEqual(stage.served, [1, 2]);
});

Deno.test("[I15] the term of a lease whose commit took long begins when it is told", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  const go = stage.store.hold("lane");
  await stage.pool.enqueue(stage.ticket(1));
  await stage.clock.advance(20_000);
  go();
  await stage.clock.advance(LAPSE_MS);
  deepEqual([stage.served, stage.meters.counts.leases_lapsed], [[1], 0]);
  deepEqual(await stage.pool.renew({ lease: stage.leaseOf(1) }), { held: true });
});

Deno.test("[I16] a release again is harmless, and so is one of a lease that nobody has", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 1, startsPerSecond: 9 }] });
  await stage.ask(1);
  await stage.start(1);
  await stage.ask(2);
  await stage.ask(3);
  await stage.end(1);
  await stage.end(1, { kind: "fault", fault: "auth" });
  await stage.pool.declined({ lease: stage.leaseOf(1) });
  await stage.clock.advance(2_000);
  deepEqual(stage.served, [1, 2]);
  equal((await stage.use()).inFlight, 1);
  equal((await stage.use()).state, "ready");
});

Deno.test("[I17] a lease that is over is not held, nor one whose answer has begun another attempt", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 2, startsPerSecond: 9 }] });
  await stage.ask(1);
  await stage.ask(2);
  await stage.ask(2, { attempt: 2 });
  deepEqual(await stage.pool.renew({ lease: stage.leaseOf(2) }), { held: false });
  equal((await stage.use()).inFlight, 2, "its call may still run");
  await stage.end(1);
  deepEqual(await stage.pool.renew({ lease: stage.given[0]!.lease }), { held: false });
});

Deno.test("[I18] nobody is told before his lease is durable", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  const go = stage.store.hold("lane");
  await stage.pool.enqueue(stage.ticket(1));
  await stage.clock.advance(3_000);
  deepEqual(stage.served, []);
  go();
  await stage.clock.settle();
  deepEqual(stage.served, [1]);
});

Deno.test("[I18] a lease that could not be made durable was never lent", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  stage.store.faultNext({ kind: "refuse", error: new BarrageError("unavailable") });
  await stage.ask(1);
  deepEqual(stage.served, []);
  await stage.clock.advance(1_000);
  equal((await stage.use()).inFlight, 0);
  await stage.clock.advance(1_100);
  await stage.ask(1);
  deepEqual(stage.served, [1]);
});

Deno.test("[I19] who asks is told his place without waiting for the store", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  const go = stage.store.hold("lane");
  deepEqual(await outcome(stage.pool.enqueue(stage.ticket(1)), stage.clock.settle()), {
    ...{ outcome: "queued", position: 0, etaMs: 0 },
  });
  go();
});

Deno.test("[I20] all that came while one commit ran is in the next one", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 300, startsPerSecond: 300 }] });
  const go = stage.store.hold("lane");
  await stage.pool.enqueue(stage.ticket(1));
  await stage.clock.settle();
  const before = stage.store.asked("lane");
  for (let n = 2; n <= 200; n++) stage.pool.enqueue(stage.ticket(n, { user: user(n) }));
  await stage.clock.settle();
  go();
  await stage.clock.settle();
  equal(stage.served.length, 200);
  equal(stage.store.asked("lane") - before, 1);
});

Deno.test("[I25] the same is merged into the answer that waits or is being made, and not after it", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  const digest = "d".repeat(43);
  const other = { user: user(2), digest };
  await stage.ask(1, { digest });
  deepEqual(await stage.ask(2, other), { outcome: "merged", into: answerId(1) });
  equal((await stage.ask(1, { digest })).outcome, "queued", "not into itself");
  await stage.ask(3, { digest: "e".repeat(43) });
  deepEqual(await stage.ask(4, { ...other, digest: "e".repeat(43) }), {
    outcome: "merged",
    into: answerId(3),
  });
  equal(stage.meters.counts.merged, 2);
  await stage.pool.leave({ answer: answerId(3) });
  equal((await stage.ask(5, { digest: "e".repeat(43) })).outcome, "queued");
  await stage.end(1, { kind: "fault", fault: "transient" });
  equal((await stage.ask(6, other)).outcome, "queued");
});

Deno.test("[I26] a later attempt is not merged into what has taken its place", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  const digest = "d".repeat(43);
  await stage.ask(1, { digest });
  await stage.end(1, { kind: "fault", fault: "transient" });
  equal((await stage.ask(2, { digest, user: user(2) })).outcome, "queued");
  equal((await stage.ask(1, { digest, attempt: 2 })).outcome, "queued");
});

Deno.test("[I6] over its bounds the queue refuses, with a time after which it is worth trying, and counts", async () => {
  await using stage = await PoolStage.open({ uses: ONE, limits: { queueMax: 3, perUserMax: 2 } });
  await stage.ask(1);
  for (const n of [2, 3]) await stage.ask(n);
  equal(await outcome(stage.ask(4)), "overloaded");
  await stage.ask(5, { user: user(2) });
  const refused = await stage.ask(6, { user: user(3) }).catch((error) => error);
  equal(refused.reason, "overloaded");
  ok(refused.details.retryAfterMs >= 100);
  equal(stage.drops("overloaded"), 2);
  equal((await stage.ask(1, { attempt: 2 })).outcome, "queued", "who has had his place keeps it");
});

Deno.test("[I7] asking again is harmless, and answers the place", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  await stage.ask(1);
  const [second, third] = [await stage.ask(2, { user: user(2) }), await stage.ask(3, { user: user(3) })];
  deepEqual([second, third].map((queued) => "position" in queued && queued.position), [1, 2]);
  deepEqual(await stage.ask(3, { user: user(3) }), third);
  deepEqual(await stage.ask(1), { outcome: "queued", position: 0, etaMs: 0 }, "it is served already");
  equal((await stage.pool.inspect({})).waiting, 2);
});

Deno.test("[I8] who leaves or is too late is not served, and late ones are counted", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 1, startsPerSecond: 9 }] });
  await stage.ask(1);
  await stage.ask(2);
  await stage.ask(3, { until: stage.clock.now() + 5_000 });
  await stage.ask(4);
  await stage.pool.leave({ answer: answerId(2) });
  await stage.clock.advance(6_001);
  equal((await stage.pool.inspect({})).waiting, 1);
  equal(stage.drops("expired"), 1);
  await stage.end(1);
  deepEqual(stage.served, [1, 4]);
  equal(await outcome(stage.ask(5, { until: stage.clock.now() })), "expired");
});

Deno.test("[I38] what is disabled is lent no more, what runs on it still counts, and enabled again it serves", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 2, startsPerSecond: 9 }, {}] });
  await stage.ask(1);
  await stage.storage.credentials.update(credentialId(1), { state: "disabled", changedAt: 1 });
  await stage.pool.refresh({});
  for (let n = 2; n <= 4; n++) await stage.ask(n);
  deepEqual(stage.given.slice(1).map(({ credential }) => credential), [2, 2].map(credentialId));
  equal((await stage.use(1)).state, "disabled");
  equal((await stage.use(1)).inFlight, 1);
  await stage.storage.credentials.update(credentialId(1), { state: "enabled", changedAt: 2 });
  await stage.pool.refresh({});
  await stage.clock.advance(600);
  equal(stage.given.at(-1)!.credential, credentialId(1));
  equal((await stage.use(1)).inFlight, 2);
});

Deno.test("[I39] credentials that were made, changed or removed are known within half a minute, untold", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  await stage.ask(1, { until: stage.clock.now() + 300_000 });
  await stage.ask(2, { until: stage.clock.now() + 300_000 });
  await stage.storage.credentials.create(echoCredential(2), 100);
  const renew = async () => await stage.pool.renew({ lease: stage.leaseOf(1) });
  for (let n = 0; n < 4; n++) {
    await stage.clock.advance(8_000);
    await renew();
  }
  equal(stage.given.at(-1)!.credential, credentialId(2));
  notEqual(stage.leaseOf(2), stage.leaseOf(1));
});
