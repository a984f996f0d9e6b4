import { deepEqual, equal, ok } from "node:assert/strict";
import { poolKey, poolOf } from "actors/ai/pool/definition.ts";
import { answerId, PoolStage, user } from "./pool_stage.ts";

const ONE = [{ inFlightMax: 1, startsPerSecond: 9 }];

Deno.test("[I45] places are told at most once a second, and only those that have changed", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  for (let n = 1; n <= 4; n++) await stage.ask(n, { user: user(n) });
  await stage.clock.advance(200);
  const told = () =>
    stage.places.map((event) => event.map(([answer, position]) => [Number(answer.slice(-4)), position]));
  deepEqual(told(), [[[2, 1], [3, 2], [4, 3]]]);
  await stage.ask(5, { user: user(5) });
  await stage.clock.advance(800);
  equal(stage.places.length, 1);
  await stage.clock.advance(200);
  deepEqual(told().slice(1), [[[5, 4]]]);
  await stage.start(1);
  await stage.end(1);
  await stage.clock.advance(1_100);
  deepEqual(told().slice(2), [[[3, 1], [4, 2], [5, 3]]]);
  await stage.clock.advance(3_000);
  equal(stage.places.length, 3);
});

Deno.test("[I45] many places are told in pieces", async () => {
  await using stage = await PoolStage.open({ uses: ONE });
  for (let n = 1; n <= 602; n++) await stage.pool.enqueue(stage.ticket(n, { user: user(n) }));
  await stage.clock.advance(200);
  deepEqual(stage.places.map(({ length }) => length), [500, 101]);
});

Deno.test("[I46] the estimate follows how long calls took, and how many slots there are", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 2, startsPerSecond: 9 }] });
  for (let n = 1; n <= 60; n++) {
    await stage.ask(n);
    await stage.start(n);
    stage.clock.pause(1_000);
    await stage.end(n);
    await stage.clock.advance(100);
  }
  for (const n of [101, 102]) await stage.ask(n);
  const queued = [];
  for (const n of [103, 104, 105, 106]) queued.push(await stage.ask(n, { user: user(n) }));
  const estimates = queued.map((one) => "etaMs" in one ? one.etaMs : 0);
  for (const [index, etaMs] of estimates.entries()) {
    const expected = (index + 1) * 1_000 / 2;
    ok(etaMs > expected * 0.9 && etaMs < expected * 1.2, `${etaMs} for ${expected}`);
  }
});

Deno.test("[I46] who is served at once is told no place", async () => {
  await using stage = await PoolStage.open({ uses: [{ inFlightMax: 2, startsPerSecond: 2 }] });
  const places = [];
  for (let n = 1; n <= 3; n++) places.push(await stage.ask(n));
  deepEqual(places.map((queued) => "position" in queued && queued.position), [0, 0, 1]);
  equal(stage.places.flat().some(([answer]) => answer === answerId(1)), false);
});

Deno.test("[I47] the key of a pool tells its feature and model", () => {
  for (const model of ["gpt-4o.mini", "a", "x_y-z.1.2"]) {
    deepEqual(poolOf(poolKey("text", model)), { feature: "text", model });
  }
});
