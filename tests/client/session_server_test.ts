import assert from "node:assert/strict";
import { systemClock } from "client/clock.ts";
import { Barrage, MemorySessionStore, Session, type SessionOptions } from "client/mod.ts";
import type { LoginSessions } from "protocol/accounts.ts";
import { CHEAP } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { LossyProxy } from "./support/lossy_proxy.ts";

const HALF_HOUR = 1_800_000;
const PASSWORD = "correct horse battery";

let server: Server;
let logins = 0;

Deno.test.beforeAll(async () => {
  server = await startServer(CHEAP);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** Of the system, but what it shows can be set ahead. */
function movableClock() {
  let aheadMs = 0;
  return {
    ...systemClock,
    now: () => Date.now() + aheadMs,
    advance: (ms: number) => void (aheadMs += ms),
  };
}

/** A program with an account of its own, and a store that another one may share. */
async function member(options: Partial<SessionOptions> = {}) {
  const clock = movableClock();
  const store = new MemorySessionStore();
  const all = { url: server.url, store, clock, random: () => 0.01, ...options };
  const session = await Session.open(all);
  const login = `user-${++logins}`;
  await session.register({ login, password: PASSWORD, name: "Ann" });
  return { session, clock, store, login, options: all };
}

/** As whoever has this token. */
const as = (token: string) => new HttpClient(server.url, token);

Deno.test("[C60] a guest registers and keeps its id, signs out, and signs in again", async () => {
  const guest = await HttpClient.guest(server.url, "Gus");
  const { owner } = await guest.room();
  const session = await Session.open({ url: server.url });
  await session.register({ login: "gus", password: PASSWORD, guest: guest.token });
  assert.deepEqual(session.user, { id: owner.id, name: "Gus" });
  await session.signOut();
  await assert.rejects(session.getToken(), { reason: "unauthenticated" });
  await session.signIn({ login: "GUS", password: PASSWORD });
  assert.equal(session.user?.id, owner.id);
  assert.equal((await as(await session.getToken()).get("/v1/account")).status, 200);
});

Deno.test("[C60] what is wrong is told with its reason and path", async () => {
  const session = await Session.open({ url: server.url });
  await assert.rejects(session.register({ login: "no", password: PASSWORD }), {
    name: "BarrageCallError",
    reason: "invalid_params",
    path: "body.login",
  });
  await assert.rejects(session.signIn({ login: "nobody", password: PASSWORD }), {
    reason: "unauthenticated",
  });
  assert.equal(session.user, undefined);
});

Deno.test("[C61] a program that starts again with its store is signed in, with the token it had", async () => {
  const { session, options } = await member();
  const again = await Session.open(options);
  assert.deepEqual(again.user, session.user);
  assert.equal(await again.getToken(), await session.getToken());
});

Deno.test("[C62] a minute before the token ends another one is fetched, once for all who ask", async () => {
  await using proxy = new LossyProxy(server.url);
  const { session, clock, store } = await member({ url: proxy.url });
  const first = store.load()?.refreshToken;
  clock.advance(HALF_HOUR - 62_000);
  await session.getToken();
  assert.equal(store.load()?.refreshToken, first);
  clock.advance(2_000);
  const tokens = await Promise.all([1, 2, 3, 4].map(() => session.getToken()));
  assert.equal(new Set(tokens).size, 1);
  assert.deepEqual(proxy.asked, ["/v1/accounts", "/v1/refresh"]);
  assert.notEqual(store.load()?.refreshToken, first);
  assert.equal((await as(tokens[0] ?? "").get("/v1/account")).status, 200);
});

Deno.test("[C62] a token that was rejected is replaced although it has time left", async () => {
  const { session, store } = await member();
  const first = store.load()?.refreshToken;
  await session.getToken({ rejected: true });
  assert.notEqual(store.load()?.refreshToken, first);
});

Deno.test("[C63] a lost answer is asked for again with the same token, and the session goes on", async () => {
  await using proxy = new LossyProxy(server.url);
  const { session, clock, store, options } = await member({ url: proxy.url });
  const first = store.load()?.refreshToken;
  clock.advance(HALF_HOUR);
  proxy.lose(3);
  const token = await session.getToken();
  assert.equal(proxy.lost, 3);
  assert.notEqual(store.load()?.refreshToken, first);
  assert.deepEqual((await Session.open(options)).user, session.user);
  assert.equal((await as(token).get("/v1/account")).status, 200);
});

Deno.test("[C63] a server that stays away fails the asking after six tries, and ends nothing", async () => {
  await using proxy = new LossyProxy(server.url);
  const { session, clock } = await member({ url: proxy.url });
  clock.advance(HALF_HOUR);
  proxy.lose(6);
  await assert.rejects(session.getToken(), { reason: "unavailable" });
  assert.equal(proxy.lost, 6);
  assert.equal((await as(await session.getToken()).get("/v1/account")).status, 200);
});

Deno.test("[C64] a refresh that comes too early goes on with the token there is", async () => {
  const { session, clock } = await member();
  clock.advance(HALF_HOUR);
  const second = await session.getToken();
  clock.advance(HALF_HOUR);
  assert.equal(await session.getToken(), second);
  assert.equal(await session.getToken({ rejected: true }), second);
});

Deno.test("[C65] a session that the server has ended is told once, and gone from the store", async () => {
  const { session, clock, store } = await member();
  const told: unknown[] = [];
  session.on("signedOut", (how) => told.push(how));
  const client = as(await session.getToken());
  const { body } = await client.get<LoginSessions>("/v1/sessions");
  assert.equal((await client.delete(`/v1/sessions/${body.sessions[0]?.id}`)).status, 204);
  clock.advance(HALF_HOUR);
  await assert.rejects(session.getToken(), { reason: "unauthenticated" });
  await assert.rejects(session.getToken(), { reason: "unauthenticated" });
  assert.deepEqual(told, [{ byServer: true }]);
  assert.equal(store.load(), undefined);
});

Deno.test("[C66] who signs out while the session is refreshed stays signed out", async () => {
  await using proxy = new LossyProxy(server.url);
  const { session, clock, store } = await member({ url: proxy.url });
  const first = await session.getToken();
  clock.advance(HALF_HOUR);
  const hold = proxy.holdNext();
  const refreshed = assert.rejects(session.getToken(), { reason: "unauthenticated" });
  await hold.answered;
  await session.signOut();
  hold.release();
  await refreshed;
  assert.equal(store.load(), undefined);
  assert.equal(session.user, undefined);
  assert.equal((await as(first).get("/v1/account")).status, 401);
});

Deno.test("[C67] two programs with one store go on with what the other has put there", async () => {
  await using strict = await startServer({ ...CHEAP, REFRESH_EVERY_SECONDS: 0, REFRESH_GRACE_SECONDS: 0 });
  const { session, clock, options } = await member({ url: strict.url });
  const other = await Session.open(options);
  for (let round = 0; round < 3; round++) {
    clock.advance(HALF_HOUR);
    const token = await session.getToken();
    assert.equal(await other.getToken(), token);
    clock.advance(HALF_HOUR);
    assert.equal(await other.getToken(), await session.getToken());
  }
});

Deno.test("[C62] a connection speaks on over the end of its first token, on the same socket", async () => {
  await using short = await startServer({
    ...CHEAP,
    ACCESS_TOKEN_SECONDS: 5,
    REFRESH_EVERY_SECONDS: 0,
    REFRESH_GRACE_SECONDS: 0,
  });
  const session = await Session.open({ url: short.url });
  await session.register({ login: "ann", password: PASSWORD });
  const first = await session.getToken();
  const { id } = await new HttpClient(short.url, first).room();
  await using barrage = new Barrage({ url: short.url, getToken: session.getToken });
  const states: string[] = [];
  barrage.on("state", ({ status }) => states.push(status));
  await barrage.room(id).join();
  const over = async () => (await new HttpClient(short.url, first).get("/v1/account")).status === 401;
  for (let n = 0; !await over(); n++) {
    await barrage.room(id).say(`word ${n}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  await barrage.room(id).say("after the end of the first token");
  assert.deepEqual(states, ["connecting", "open"]);
});
