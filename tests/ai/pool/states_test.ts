import { deepEqual, equal } from "node:assert/strict";
import type { FaultKind } from "actors/ai/provider.ts";
import type { Outcome } from "actors/ai/pool/definition.ts";
import { outcome } from "tests/support/runtime_stage.ts";
import { answerId, credentialId, echoCredential, PoolStage, user } from "./pool_stage.ts";

const MINUTE_MS = 60_000;
const WIDE = { inFlightMax: 1, startsPerSecond: 9 };

function fault(kind: FaultKind, more: Partial<Outcome & { kind: "fault" }> = {}): Outcome {
  return { kind: "fault", fault: kind, ...more };
}

/** Answer `n` is lent a call of the first credential that fails. */
async function fail(stage: PoolStage, n: number, ended: Outcome): Promise<void> {
  await stage.ask(n, { sticky: credentialId(1) });
  await stage.start(n);
  await stage.end(n, ended);
}

const AFTER_ONE: readonly [FaultKind, Partial<Outcome & { kind: "fault" }>, string, number | undefined][] = [
  ["rate", {}, "cooling", 1_000],
  ["rate", { retryAfterMs: 7_000 }, "cooling", 7_000],
  ["concurrency", {}, "cooling", 250],
  ["quota", {}, "quota", MINUTE_MS],
  ["quota", { retryAfterMs: 9 * 60 * MINUTE_MS }, "quota", 9 * 60 * MINUTE_MS],
  ["forbidden", {}, "forbidden", 30 * MINUTE_MS],
  ["auth", {}, "dead", undefined],
  ["transient", {}, "ready", undefined],
  ["malformed", {}, "ready", undefined],
  ["stalled", {}, "ready", undefined],
  ["cut", {}, "ready", undefined],
  ["busy", {}, "cooling", 1_000],
  ["transient", { providerWide: true, retryAfterMs: 3_000 }, "cooling", 3_000],
  ["clock", {}, "cooling", 5_000],
  ["invalid", {}, "ready", undefined],
  ["context", {}, "ready", undefined],
  ["moderation", {}, "ready", undefined],
];

for (const [kind, more, state, forMs] of AFTER_ONE) {
  const told = more.retryAfterMs === undefined ? "" : `, told to wait ${more.retryAfterMs} ms`;
  const wide = more.providerWide ? " of the whole provider" : "";
  Deno.test(`[I30] [I36] after one ${kind}${wide}${told} a credential is ${state}`, async () => {
    await using stage = await PoolStage.open({ uses: [WIDE] });
    await fail(stage, 1, fault(kind, more));
    const use = await stage.use();
    deepEqual([use.state, use.forMs], [state, forMs]);
    equal(use.inFlight, 0);
  });
}

Deno.test("[I30] while one credential rests the others serve, and it serves again afterwards", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE, WIDE] });
  await fail(stage, 1, fault("rate", { retryAfterMs: 5_000 }));
  await stage.ask(2);
  equal(stage.given.at(-1)!.credential, credentialId(2));
  await stage.ask(3);
  await stage.clock.advance(4_999);
  deepEqual(stage.served, [1, 2]);
  await stage.clock.advance(2);
  deepEqual(stage.served, [1, 2, 3]);
  equal(stage.given.at(-1)!.credential, credentialId(1));
});

Deno.test("[I31] a credential that stands fewer calls than its operator says is lent fewer, until it stood them for long", async () => {
  const uses = [{ inFlightMax: 3, startsPerSecond: 9 }];
  await using stage = await PoolStage.open({ uses, limits: { raiseAfter: 2, raiseAfterMs: 5_000 } });
  for (const n of [1, 2, 3]) await stage.ask(n);
  for (const n of [1, 2]) await stage.start(n);
  await stage.clock.advance(1);
  await stage.end(3, fault("concurrency"));
  equal((await stage.use()).learned, 2);
  await stage.end(2, fault("concurrency"));
  equal((await stage.use()).learned, 2, "it was lent while there were three");
  await stage.end(1);
  for (let n = 0; n < 3; n++) {
    await stage.clock.advance(2_000);
    await stage.pool.inspect({});
  }
  for (let n = 10; n < 14; n += 2) {
    await stage.ask(n);
    await stage.ask(n + 1);
    for (const each of [n, n + 1]) await stage.start(each);
    for (const each of [n, n + 1]) await stage.end(each);
    await stage.clock.advance(1_100);
  }
  equal((await stage.use()).learned, 3);
  equal(stage.meters.counts.over_concurrency, 2);
});

Deno.test("[I32] what is out of quota is tried by a call of its own, after growing times, until it is well", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE, WIDE] });
  await fail(stage, 1, fault("quota"));
  await stage.ask(2);
  equal(stage.given.at(-1)!.credential, credentialId(2));
  await stage.leap(MINUTE_MS);
  deepEqual(stage.probes.map(({ use }) => use.credential), [credentialId(1)]);
  equal((await stage.use()).state, "probing");
  stage.probes[0]!.end(fault("quota"));
  await stage.clock.settle();
  deepEqual([(await stage.use()).state, (await stage.use()).forMs], ["quota", 2 * MINUTE_MS]);
  await stage.leap(2 * MINUTE_MS);
  equal(stage.probes.length, 2);
  stage.probes[1]!.end({ kind: "done" });
  await stage.clock.advance(1_100);
  equal((await stage.use()).state, "ready");
  await stage.ask(3, { exclude: [credentialId(2)] });
  equal(stage.given.at(-1)!.credential, credentialId(1));
});

Deno.test("[I33] a credential that is not accepted is dead until its operator changes it", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE, WIDE] });
  await fail(stage, 1, fault("auth"));
  await stage.leap(24 * 60 * MINUTE_MS);
  equal((await stage.use()).state, "dead");
  equal(stage.probes.length, 0);
  await stage.storage.credentials.update(credentialId(1), { sealed: { apiKey: "bmV3" }, changedAt: 7 });
  await stage.pool.refresh({});
  equal((await stage.use()).state, "ready");
});

Deno.test("[I34] several failures in a row make a credential rest for growing times; one success forgets them", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE] });
  for (const n of [1, 2]) await fail(stage, n, fault("cut"));
  await fail(stage, 3, { kind: "done" });
  for (const n of [4, 5]) await fail(stage, n, fault("stalled"));
  equal((await stage.use()).state, "ready");
  await fail(stage, 6, fault("transient"));
  equal((await stage.use()).forMs, 1_000);
  await stage.clock.advance(1_100);
  await fail(stage, 7, fault("transient"));
  equal((await stage.use()).forMs, 2_000);
});

Deno.test("[I35] a provider without capacity rests with all its credentials at that address; others go on", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE, WIDE] });
  const { credentials } = stage.storage;
  await credentials.create(echoCredential(3, WIDE, { baseUrl: "https://other.example" }), 9);
  await credentials.create(echoCredential(4, WIDE, { provider: "spark" }), 9);
  await stage.pool.refresh({});
  await stage.clock.advance(1_100);
  await fail(stage, 1, fault("busy"));
  const { uses } = await stage.pool.inspect({});
  deepEqual(uses.map(({ state }) => state), ["cooling", "cooling", "ready", "ready"]);
  for (const n of [2, 3, 4]) await stage.ask(n);
  deepEqual(stage.given.slice(1).map(({ credential }) => credential), [3, 4].map(credentialId));
});

Deno.test("[I35] calls that find a provider busy at the same moment count once, and the next time it rests longer", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 2, startsPerSecond: 9 }] });
  await stage.ask(1);
  await stage.ask(2);
  for (const n of [1, 2]) await stage.start(n);
  await stage.end(1, fault("busy"));
  await stage.end(2, fault("busy"));
  equal((await stage.use()).forMs, 2_000, "told again while it rests, it rests once more");
  await stage.clock.advance(2_000);
  await fail(stage, 3, { kind: "done" });
  await fail(stage, 4, fault("busy"));
  equal((await stage.use()).forMs, 1_000);
});

Deno.test("[I35] a provider that asks for days is looked at again before", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE] });
  await fail(stage, 1, fault("busy", { retryAfterMs: 7 * 86_400_000 }));
  equal((await stage.use()).forMs, 600_000);
});

Deno.test("[I37] what calls of an old secret say is nothing to the new one", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE] });
  await stage.ask(1);
  await stage.clock.advance(10);
  await stage.storage.credentials.update(credentialId(1), { sealed: { apiKey: "bmV3" }, changedAt: 7 });
  await stage.pool.refresh({});
  await stage.end(1, fault("auth"));
  equal((await stage.use()).state, "ready");
});

Deno.test("[I40] without a credential there is no such model", async () => {
  await using stage = await PoolStage.open({ uses: [] });
  equal(await outcome(stage.ask(1)), "not_found");
});

Deno.test("[I40] when every credential is dead or excluded it is unavailable; when all rest one waits", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE, WIDE] });
  await fail(stage, 1, fault("auth"));
  equal(await outcome(stage.ask(2, { exclude: [credentialId(2)] })), "unavailable");
  equal(await outcome(stage.ask(2, { sticky: credentialId(1) })), "unavailable");
  await stage.ask(3);
  await stage.end(3, fault("rate", { retryAfterMs: 20_000 }));
  const queued = await stage.ask(4);
  deepEqual("etaMs" in queued && [queued.position, queued.etaMs >= 20_000], [1, true]);
});

Deno.test("[I40] a request that would be too old when a credential is back is refused, and told for how long", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE] });
  await fail(stage, 1, fault("quota", { retryAfterMs: 40_000 }));
  const refused = await stage.ask(2, { until: stage.clock.now() + 30_000 }).catch((error) => error);
  deepEqual([refused.reason, refused.details.retryAfterMs], ["unavailable", 40_000]);
  equal((await stage.ask(2, { until: stage.clock.now() + 60_000 })).outcome, "queued");
});

Deno.test("[I41] those who wait are told when the last credential that could serve them has died", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE, WIDE] });
  await stage.ask(1);
  await stage.ask(2);
  await stage.ask(3, { user: user(3), exclude: [credentialId(2)] });
  await stage.ask(4, { user: user(4) });
  await stage.end(1, fault("auth"));
  await stage.clock.advance(1_100);
  deepEqual(stage.refused, [{ answer: answerId(3), attempt: 1 }]);
  equal((await stage.pool.inspect({})).waiting, 1);
  equal(stage.drops("unavailable"), 1);
});

Deno.test("[I60] a probe counts as any call, and takes only what nobody else wants", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 1, startsPerSecond: 9 }] });
  await stage.ask(1);
  const probed = stage.at({ kind: "operator", name: "Olga" }).probe({ credential: credentialId(1) });
  await stage.ask(2);
  await stage.end(1);
  await stage.clock.settle();
  deepEqual([stage.served, stage.probes.length], [[1, 2], 0]);
  await stage.end(2);
  await stage.clock.advance(1_100);
  equal(stage.probes.length, 1);
  await stage.ask(3);
  deepEqual(stage.served, [1, 2], "the probe has the slot");
  stage.probes[0]!.end({ kind: "done" });
  deepEqual(await probed, { outcome: { kind: "done" } });
  await stage.clock.advance(1);
  deepEqual(stage.served, [1, 2, 3]);
});

Deno.test("[I61] an operator's probe brings a dead credential back, or tells what is wrong with it", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE] });
  await fail(stage, 1, fault("auth"));
  const first = stage.pool.probe({ credential: credentialId(1) });
  await stage.clock.settle();
  stage.probes[0]!.end(fault("auth", { code: "401" }));
  deepEqual(await first, { outcome: { kind: "fault", fault: "auth", code: "401" } });
  equal((await stage.use()).state, "dead");
  await stage.clock.advance(1_100);
  const second = stage.pool.probe({ credential: credentialId(1) });
  await stage.clock.settle();
  stage.probes[1]!.end({ kind: "done" });
  await second;
  equal((await stage.use()).state, "ready");
  equal(await outcome(stage.pool.probe({ credential: credentialId(7) })), "not_found");
});

Deno.test("[I62] a probe that does not end is cut off, and its slot comes back when the upstream has noticed", async () => {
  await using stage = await PoolStage.open({ uses: [WIDE], limits: { probeMaxMs: 3_000 } });
  const probed = stage.pool.probe({ credential: credentialId(1) });
  await stage.clock.advance(2_999);
  equal(stage.probes[0]!.signal.aborted, false);
  await stage.clock.advance(2);
  equal(stage.probes[0]!.signal.aborted, true);
  equal((await stage.use()).inFlight, 1);
  await stage.clock.advance(500);
  deepEqual(await probed, { outcome: fault("stalled") });
  equal((await stage.use()).inFlight, 0);
});
