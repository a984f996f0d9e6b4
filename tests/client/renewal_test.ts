import assert from "node:assert/strict";
import type { BarrageOptions } from "client/mod.ts";
import { BarrageCallError } from "client/mod.ts";
import { offlineClient, openClient, ROOM } from "./support/client.ts";
import { settle } from "./support/fake_clock.ts";

const HALF_HOUR = 1_800_000;

/** A connection whose token lasts half an hour, and a `getToken` that gives what the test puts there. */
async function opened(tokens: Partial<BarrageOptions> = {}) {
  const given = { token: "T1" };
  const client = offlineClient({ getToken: () => given.token, ...tokens });
  const open = client.barrage.connect();
  await settle();
  await client.network.newest.accept(20_000_000, HALF_HOUR);
  await open;
  return { ...client, given };
}

Deno.test("[C68] a minute before its token ends the link goes on with a newer one, in the same rooms", async () => {
  const { barrage, clock, network, given } = await opened();
  const room = barrage.room(ROOM);
  const joined = room.join();
  await network.newest.reply("room.join", { epoch: 1, offset: 0, online: 1, recent: [], recovered: true });
  await joined;
  given.token = "T2";
  await clock.advance(HALF_HOUR - 60_001);
  assert(!network.newest.methods.includes("session.renew"));
  await clock.advance(1);
  assert.deepEqual(network.newest.last("session.renew").params, { token: "T2" });
  await network.newest.reply("session.renew", { user: { id: "U1", name: "Ann" }, expiresInMs: HALF_HOUR });
  given.token = "T3";
  await clock.advance(HALF_HOUR - 60_000);
  assert.deepEqual(network.newest.last("session.renew").params, { token: "T3" });
  assert.equal(network.sockets.length, 1);
  assert.equal(room.state.status, "inside");
});

Deno.test("[C68] while no newer token can be had, it is tried again until there is no time left", async () => {
  let asked = 0;
  const { clock, network } = await opened({
    getToken: () => {
      if (++asked === 1) return "T1";
      throw new BarrageCallError("unavailable", "Cannot reach the server");
    },
  });
  await clock.advance(HALF_HOUR);
  assert(asked > 5 && asked < 40, `${asked} times`);
  assert(!network.newest.methods.includes("session.renew"));
  assert.equal(clock.pending, 1, "only the heartbeat is left");
});

Deno.test("[C68] after the close code of a token that has run out the client comes back with a fresh one", async () => {
  const { clock, network, given } = await opened();
  given.token = "T2";
  await network.newest.notify("session.closing", { reason: "token_expired", reconnect: true, afterMs: 0 });
  await network.newest.drop(4455);
  await clock.advance(500);
  await network.newest.accept();
  assert.equal(network.sockets.length, 2);
  assert.equal(network.newest.last("session.hello").params.token, "T2");
});

Deno.test("[C68] a token that never changes, or lasts longer than a timer can run, renews nothing", async () => {
  const fixed = await openClient();
  await fixed.clock.advance(HALF_HOUR);
  const guest = offlineClient({ getToken: () => "T1" });
  guest.barrage.connect();
  await settle();
  await guest.network.newest.accept(20_000_000, 30 * 86_400_000);
  await guest.clock.advance(60_000);
  for (const { network } of [fixed, guest]) assert(!network.newest.methods.includes("session.renew"));
});

Deno.test("[C69] a newer token of another session gets a link of its own", async () => {
  const { clock, network, given } = await opened();
  given.token = "somebody else's";
  await clock.advance(HALF_HOUR - 60_000);
  await network.newest.fail("session.renew", "unauthenticated");
  assert.equal(network.sockets.length, 2);
  await network.newest.accept();
  assert.equal(network.newest.last("session.hello").params.token, "somebody else's");
  assert(network.sockets[0]?.closedByClient);
});

Deno.test("[C70] a page that leaves it to its cookie says hello without a token, and renews with one", async () => {
  const given: { token: string | undefined } = { token: undefined };
  const { clock, network } = await opened({ getToken: () => given.token });
  assert.deepEqual(network.newest.last("session.hello").params, {});
  given.token = "T2";
  await clock.advance(HALF_HOUR - 60_000);
  assert.deepEqual(network.newest.last("session.renew").params, { token: "T2" });
});

Deno.test("[C71] an alert of the account is told", async () => {
  const { barrage, network } = await opened();
  const told: unknown[] = [];
  barrage.on("alert", (alert) => told.push(alert));
  await network.newest.notify("account.alert", { reason: "token_reused", at: 7 });
  assert.deepEqual(told, [{ reason: "token_reused", at: 7 }]);
});

Deno.test("[C72] renew() takes a newer token to the server at once, and none that it has already", async () => {
  const { barrage, network, given } = await opened();
  await barrage.renew();
  assert(!network.newest.methods.includes("session.renew"));
  given.token = "T2";
  const renewed = barrage.renew();
  await settle();
  await network.newest.reply("session.renew", { user: { id: "U1", name: "Anna" }, expiresInMs: HALF_HOUR });
  await renewed;
  assert.deepEqual(network.newest.last("session.renew").params, { token: "T2" });
});

Deno.test("[C10] close() leaves no timer of a renewal", async () => {
  const { barrage, clock } = await opened();
  barrage.close();
  assert.equal(clock.pending, 0);
});
