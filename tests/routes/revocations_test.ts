import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { POLL_MS, RevocationStage } from "tests/support/revocation_stage.ts";
import { accountFence, createAccounts } from "tests/storage/contract/account_records.ts";
import { ulid } from "tests/support/room_stage.ts";

const [ONE, TWO, THREE] = [ulid(1), ulid(2), ulid(3)];
const ACCOUNT = "barrage.v1.evt.account.X.ended";

function ended(id: string, until: number): string {
  return JSON.stringify({ sessions: [{ id, until }] });
}

Deno.test("[S9] a node that starts knows whatever has ended before it answers anybody", async () => {
  await using stage = await RevocationStage.open();
  await stage.revoke(ONE);
  const { revocations } = await stage.start();
  equal(await revocations.ended(ONE), true);
  equal(await revocations.ended(TWO), false);
});

Deno.test("[S9] however much has ended, a node that starts knows all of it", async () => {
  await using stage = await RevocationStage.open();
  await createAccounts(stage.database, 1);
  const { sessions, lane } = stage.database;
  for (let first = 0; first < 20_001; first += 1_000) {
    const ids = Array.from({ length: Math.min(1_000, 20_001 - first) }, (_, n) => ulid(first + n));
    await lane.commit(accountFence(1), [sessions.end(ids, stage.now + 1_800_000)]);
  }
  const { revocations } = await stage.start(100_000);
  equal(revocations.size, 20_001);
});

Deno.test("[S9] a node that cannot learn what has ended does not start", async () => {
  await using stage = await RevocationStage.open();
  stage.database.revocations.after = () => Promise.reject(new Error("gone"));
  await rejects(stage.start(), /gone/);
});

Deno.test("[S10] an event is known to every node at once, and told once", async () => {
  await using stage = await RevocationStage.open();
  const nodes = [await stage.start(), await stage.start()];
  const asked = nodes.map(({ storage }) => storage.asked("revocations"));
  await stage.revoke(ONE);
  await stage.publish(ACCOUNT, ended(ONE, stage.now + 1_000));
  await stage.publish(ACCOUNT, ended(ONE, stage.now + 1_000));
  for (const { revocations, told } of nodes) {
    equal(await revocations.ended(ONE), true);
    deepEqual(told, [ONE]);
  }
  deepEqual(nodes.map(({ storage }) => storage.asked("revocations")), asked);
  await stage.clock.advance(POLL_MS);
  for (const { told } of nodes) deepEqual(told, [ONE]);
});

Deno.test("[S10] a key that is revoked is known to every node at once", async () => {
  await using stage = await RevocationStage.open();
  const { revocations } = await stage.start();
  await stage.publish("barrage.v1.evt.key.X.ended", ended(ONE, stage.now + 1_000));
  equal(await revocations.ended(ONE), true);
});

Deno.test("[S10] a lost event costs no more than the time until the next look", async () => {
  await using stage = await RevocationStage.open();
  const { revocations, told } = await stage.start();
  await stage.revoke(ONE);
  await stage.clock.advance(POLL_MS - 1);
  equal(await revocations.ended(ONE), false);
  await stage.clock.advance(1);
  equal(await revocations.ended(ONE), true);
  deepEqual(told, [ONE]);
});

Deno.test("[S10] a node whose bus was gone looks as soon as it is back", async () => {
  await using stage = await RevocationStage.open();
  const { revocations, bus } = await stage.start();
  bus.disconnect();
  await stage.revoke(ONE);
  await stage.publish(ACCOUNT, ended(ONE, stage.now + 1_000));
  equal(await revocations.ended(ONE), false);
  bus.reconnect();
  await stage.clock.settle();
  equal(await revocations.ended(ONE), true);
});

Deno.test("[S10] a database that cannot be asked is asked again", async () => {
  await using stage = await RevocationStage.open();
  const { revocations, storage } = await stage.start();
  const { after } = stage.database.revocations;
  stage.database.revocations.after = () => Promise.reject(new Error("gone"));
  await stage.revoke(ONE);
  await stage.clock.advance(POLL_MS);
  equal(await revocations.ended(ONE), false);
  stage.database.revocations.after = after.bind(stage.database.revocations);
  await stage.clock.advance(POLL_MS);
  equal(await revocations.ended(ONE), true);
  ok(storage.asked("revocations") > 0);
});

Deno.test("[S10] a bus that comes back during a look is followed by another look", async () => {
  await using stage = await RevocationStage.open();
  const { revocations, bus } = await stage.start();
  const { after } = stage.database.revocations;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  // It has read, and its answer is on the way.
  stage.database.revocations.after = async (...asked) => {
    const page = await after.apply(stage.database.revocations, asked);
    await released;
    return page;
  };
  await stage.clock.advance(POLL_MS);
  bus.disconnect();
  await stage.revoke(ONE);
  bus.reconnect();
  release();
  await stage.clock.settle();
  equal(await revocations.ended(ONE), true);
});

Deno.test("[S10] a look that fails does not take the next one with it", async () => {
  await using stage = await RevocationStage.open();
  const { revocations, bus } = await stage.start();
  const { after } = stage.database.revocations;
  const { promise: answered, reject: fail } = Promise.withResolvers<never>();
  stage.database.revocations.after = () => answered;
  await stage.clock.advance(POLL_MS);
  stage.database.revocations.after = after;
  await stage.revoke(ONE);
  bus.disconnect();
  bus.reconnect();
  fail(new Error("gone"));
  await stage.clock.settle();
  equal(await revocations.ended(ONE), true);
});

Deno.test("[S11] over the bound what has ended last is in memory, and the store is asked about the others", async () => {
  await using stage = await RevocationStage.open();
  const { revocations, storage, drops } = await stage.start(2);
  for (const id of [ONE, TWO, THREE]) await stage.revoke(id);
  await stage.clock.advance(POLL_MS);
  equal(revocations.size, 2);
  ok(drops.of("revocations", "overflow") > 0);
  const before = storage.asked("revocations");
  equal(await revocations.ended(THREE), true);
  equal(storage.asked("revocations"), before);
  equal(await revocations.ended(ONE), true);
  equal(await revocations.ended(ulid(4)), false);
  equal(storage.asked("revocations"), before + 2);
});

Deno.test("[S11] over the bound a store that cannot be asked lets nobody through", async () => {
  await using stage = await RevocationStage.open();
  for (const id of [ONE, TWO, THREE]) await stage.revoke(id);
  const { revocations } = await stage.start(2);
  stage.database.revocations.has = () => Promise.reject(new Error("gone"));
  await rejects(revocations.ended(ulid(4)), /gone/);
});

Deno.test("[S11] what ends while the store is asked counts", async () => {
  await using stage = await RevocationStage.open();
  for (const id of [ONE, TWO, THREE]) await stage.revoke(id);
  const { revocations } = await stage.start(2);
  let answer = (_has: boolean) => {};
  stage.database.revocations.has = () => new Promise((resolve) => answer = resolve);
  const checked = revocations.ended(ulid(4));
  await stage.publish(ACCOUNT, ended(ulid(4), stage.now + 1_000));
  answer(false);
  equal(await checked, true);
});

Deno.test("[S11] a node that has room again asks the store no more", async () => {
  await using stage = await RevocationStage.open();
  const later = stage.now + 10_000_000;
  await stage.revoke(ONE, later);
  for (const id of [TWO, THREE]) await stage.revoke(id, stage.now + 1_000);
  const { revocations, storage } = await stage.start(2);
  await stage.clock.advance(1_000_000);
  const before = storage.asked("revocations");
  equal(await revocations.ended(ONE), true);
  equal(await revocations.ended(ulid(4)), false);
  equal(storage.asked("revocations"), before);
});

Deno.test("[S12] what has ended is kept until its last token has run out, and a while for clocks set back", async () => {
  await using stage = await RevocationStage.open();
  const { revocations } = await stage.start();
  await stage.publish(ACCOUNT, ended(ONE, stage.now + 60_000));
  await stage.clock.advance(60_000 + 500_000);
  equal(await revocations.ended(ONE), true);
  await stage.clock.advance(200_000);
  equal(revocations.size, 0);
});

Deno.test("[S12] of two times the later counts", async () => {
  await using stage = await RevocationStage.open();
  const { revocations } = await stage.start();
  await stage.publish(ACCOUNT, ended(ONE, stage.now + 10_000_000));
  await stage.publish(ACCOUNT, ended(ONE, stage.now + 60_000));
  await stage.clock.advance(1_000_000);
  equal(await revocations.ended(ONE), true);
});

Deno.test("[S13] an event that cannot be read is counted, and the store is asked at once", async () => {
  await using stage = await RevocationStage.open();
  const { revocations, drops } = await stage.start();
  await stage.revoke(ONE);
  for (const body of ["", "{", "[]", '{"sessions":[{"id":"x","until":1}]}']) {
    await stage.publish(ACCOUNT, body);
  }
  equal(drops.of("revocations", "parse"), 4);
  equal(await revocations.ended(ONE), true);
});
