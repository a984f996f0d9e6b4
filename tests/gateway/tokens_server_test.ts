import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import { EventReader } from "tests/support/event_reader.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { ulid } from "tests/support/room_stage.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";
import { TokenForge } from "tests/support/tokens.ts";

const [ANN, BEN] = [ulid(1), ulid(2)];
const [HERE, THERE] = [ulid(11), ulid(22)];

interface Greeted {
  readonly user: { readonly name: string };
  readonly session: string;
  readonly expiresInMs: number;
}

let server: Server;
let forge: TokenForge;

Deno.test.beforeAll(async () => {
  server = await startServer({ CONNECTIONS_PER_USER: 3, HELLO_TIMEOUT_MS: 60_000, TICK_MS: 10 });
  forge = await TokenForge.of(server.dataDir);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** A token as the server would issue it. */
function tokenOf(user: string, session: string, forMs = 60_000, name = "Ann"): Promise<string> {
  // The claim is in whole seconds.
  const exp = Math.ceil((Date.now() + forMs) / 1_000);
  return forge.sign({ sub: user, sid: session, name, standing: "member", exp });
}

async function greet(user: string, session: string, forMs = 60_000) {
  const client = await SocketClient.open(server.socketUrl);
  const hello = await client.call<Greeted>("session.hello", { token: await tokenOf(user, session, forMs) });
  return { client, hello };
}

Deno.test("[S14] hello and renew tell for how long the token is good", async () => {
  const { client, hello } = await greet(ANN, HERE, 30_000);
  await using _client = client;
  ok(hello.expiresInMs > 28_000 && hello.expiresInMs <= 31_000, `${hello.expiresInMs}`);
  const token = await tokenOf(ANN, HERE, 90_000, "Ann Again");
  const renewed = await client.call<Greeted>("session.renew", { token });
  ok(renewed.expiresInMs > 88_000 && renewed.expiresInMs <= 91_000, `${renewed.expiresInMs}`);
  deepEqual(renewed.user, { id: ANN, name: "Ann Again" });
});

Deno.test("[S14] a socket that renews outlives its first token, and keeps its rooms", async () => {
  const owner = await HttpClient.guest(server.url);
  const { id: room } = await owner.room();
  const { client } = await greet(ANN, HERE, 1_000);
  await using _client = client;
  await client.call("room.join", { room });
  await using silent = (await greet(BEN, THERE, 1_000)).client;
  await client.call("session.renew", { token: await tokenOf(ANN, HERE, 60_000, "Ann Again") });
  equal((await silent.closed).code, CLOSE_CODES.token_expired.code);
  await client.call("room.say", { room, text: "still here" });
  const { items } = await client.next("room.frame", ({ items }) => items.length > 0);
  equal(items[0]?.text, "still here");
  equal(items[0]?.user.name, "Ann Again");
});

Deno.test("[S14] a token of somebody else, of another session, or that is no good renews nothing", async () => {
  const { client } = await greet(ANN, HERE, 1_000);
  await using _client = client;
  for (const token of [await tokenOf(BEN, HERE), await tokenOf(ANN, THERE), "garbage"]) {
    await rejects(client.call("session.renew", { token }), { reason: "unauthenticated" });
  }
  await client.call("session.ping");
  equal((await client.closed).code, CLOSE_CODES.token_expired.code);
});

Deno.test("[S14] a socket that has not said hello has nothing to renew", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  const token = await tokenOf(ANN, HERE);
  await rejects(client.call("session.renew", { token }), { reason: "unauthenticated" });
});

Deno.test("[S15] a socket whose token has run out is told to come back with a new one, and closed with 4455", async () => {
  const { client } = await greet(ANN, HERE, 1_000);
  await using _client = client;
  deepEqual(await client.next("session.closing"), { reason: "token_expired", reconnect: true, afterMs: 0 });
  equal((await client.closed).code, 4455);
});

Deno.test("[S15] an event stream ends with the token it was opened with; one without a token goes on", async () => {
  const { id: room } = await (await HttpClient.guest(server.url)).room();
  const url = `${server.url}/v1/rooms/${room}/events`;
  await using anonymous = await EventReader.open(url);
  await using known = await EventReader.open(url, {
    authorization: `Bearer ${await tokenOf(ANN, HERE, 1_000)}`,
  });
  equal((await anonymous.next())?.event, "room.joined");
  equal((await known.next())?.event, "room.joined");
  await server.metricIs("barrage_event_streams", 1);
  while (await known.next() !== undefined) { /* what it was told before its end */ }
  await (await HttpClient.guest(server.url)).post(`/v1/rooms/${room}/messages`, { text: "on" });
  ok(await anonymous.next());
});

Deno.test("[S17] an API key opens a socket, which speaks under the key's name and ends with the key", async () => {
  const operatorKey = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
  const operator = new HttpClient(server.url, operatorKey);
  const { body: made } = await operator.post<{ id: string; key: string }>("/v1/api-keys", {
    name: "Bot",
    scopes: ["messages"],
  });
  await using client = await SocketClient.open(server.socketUrl);
  const hello = await client.call<Greeted>("session.hello", { token: made.key });
  deepEqual(hello.user, { id: made.id, name: "Bot" });
  await client.call("session.renew", { token: made.key });
  await using byHeader = await SocketClient.open(server.socketUrl, {
    headers: { authorization: `Bearer ${made.key}` },
  });
  await byHeader.call("session.ping");
  equal((await operator.delete(`/v1/api-keys/${made.id}`)).status, 204);
  for (const socket of [client, byHeader]) {
    equal((await socket.closed).code, CLOSE_CODES.unauthenticated.code);
  }
  await using late = await SocketClient.open(server.socketUrl);
  await rejects(late.call("session.hello", { token: made.key }), { reason: "unauthenticated" });
  equal((await new HttpClient(server.url, made.key).get("/v1/rooms/01JD3Y4B6V8Q2Z5K7M9N0P1R2S")).status, 401);
});

Deno.test("[S18] over CONNECTIONS_PER_USER the oldest socket of the user is closed with 4406", async () => {
  const user = ulid(7);
  await using sockets = new AsyncDisposableStack();
  const open = async (session: string) => sockets.use((await greet(user, session)).client);
  const [first, second] = [await open(HERE), await open(HERE)];
  const third = await open(THERE);
  await using other = (await greet(ulid(8), HERE)).client;
  const fourth = await open(THERE);
  deepEqual(await first.next("session.closing"), { reason: "replaced", reconnect: false, afterMs: 0 });
  equal((await first.closed).code, 4406);
  for (const socket of [second, third, fourth, other]) await socket.call("session.ping");
  second.socket.close();
  await second.closed;
  await server.metricIs("barrage_connections", 3);
  await using fifth = await open(HERE);
  for (const socket of [third, fourth, fifth]) await socket.call("session.ping");
});

Deno.test("[S31] the access cookie of our own pages stands for the hello of the first call that needs one", async () => {
  const cookie = `barrage=${await tokenOf(ANN, HERE)}`;
  const headers = { cookie, origin: server.url };
  await using client = await SocketClient.open(server.socketUrl, { headers });
  await client.call("session.ping");
  const conflict = { reason: "conflict", message: "conflict: Join the room first" };
  const room = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
  await rejects(client.call("room.leave", { room }), conflict);
  await rejects(client.call("room.leave", { room }), conflict);
});

Deno.test("[S31] a hello without a token is for the cookie, and refused where there is no good one", async () => {
  const headers = { cookie: `barrage=${await tokenOf(ANN, HERE, 60_000, "Ann")}`, origin: server.url };
  await using client = await SocketClient.open(server.socketUrl, { headers });
  const hello = await client.call<Greeted>("session.hello", {});
  deepEqual(hello.user, { id: ANN, name: "Ann" });
  ok(hello.expiresInMs > 58_000);
  for (const cookie of ["", "barrage=garbage"]) {
    await using stranger = await SocketClient.open(server.socketUrl, { headers: { ...headers, cookie } });
    await rejects(stranger.call("session.hello", {}), { reason: "unauthenticated" });
  }
});

Deno.test("[S31] a hello with another token counts instead of the cookie", async () => {
  const headers = { cookie: `barrage=${await tokenOf(ANN, HERE)}`, origin: server.url };
  await using client = await SocketClient.open(server.socketUrl, { headers });
  await rejects(client.call("session.hello", { token: "garbage" }), { reason: "unauthenticated" });
  const hello = await client.call<Greeted>("session.hello", {
    token: await tokenOf(BEN, THERE, 60_000, "Ben"),
  });
  equal(hello.user.name, "Ben");
});

Deno.test("[S31] a hello that is refused leaves the cookie what it was", async () => {
  const headers = { cookie: `barrage=${await tokenOf(ANN, HERE)}`, origin: server.url };
  await using client = await SocketClient.open(server.socketUrl, { headers });
  await rejects(client.call("session.hello", { token: "garbage" }), { reason: "unauthenticated" });
  const room = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
  await rejects(client.call("room.leave", { room }), { reason: "conflict" });
});

Deno.test("[S31] a socket that only has a cookie ends with that one's token", async () => {
  const headers = { cookie: `barrage=${await tokenOf(ANN, HERE, 1_000)}`, origin: server.url };
  await using client = await SocketClient.open(server.socketUrl, { headers });
  equal((await client.closed).code, CLOSE_CODES.token_expired.code);
});

Deno.test("[S31] a page of another site gets no authority from the cookie it makes the browser send", async () => {
  const cookie = `barrage=${await tokenOf(ANN, HERE)}`;
  for (const origin of ["https://evil.example", "null", undefined]) {
    const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
    await using client = await SocketClient.open(server.socketUrl, { headers });
    const call = client.call("room.leave", { room: "01JD3Y4B6V8Q2Z5K7M9N0P1R2S" });
    await rejects(call, { reason: "unauthenticated" });
  }
});

Deno.test("[S30] over HTTP a cookie reads from anywhere and changes from our own origin only", async () => {
  const { id: room } = await (await HttpClient.guest(server.url)).room();
  const cookie = `barrage=${await tokenOf(ANN, HERE)}`;
  const say = (headers: Record<string, string>) =>
    fetch(`${server.url}/v1/rooms/${room}/messages`, {
      method: "POST",
      headers: { cookie, "content-type": "application/json", ...headers },
      body: JSON.stringify({ text: "hi" }),
    });
  for (const headers of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }, {}]) {
    const refused = await say(headers as Record<string, string>);
    equal(refused.status, 403);
    equal((await refused.json()).reason, "forbidden");
  }
  const own = await say({ origin: server.url });
  equal(own.status, 202, await own.text());
  const read = await fetch(`${server.url}/v1/rooms/${room}`, {
    headers: { cookie, origin: "https://evil.example" },
  });
  equal(read.status, 200);
  equal(read.headers.get("access-control-allow-credentials"), null);
  await read.body?.cancel();
});

Deno.test("[S7] the key set is public, may be kept for a minute, and holds no private part", async () => {
  const response = await fetch(`${server.url}/.well-known/jwks.json`);
  equal(response.headers.get("cache-control"), "public, max-age=60");
  const { keys } = await response.json();
  const { d, x, kid } = JSON.parse(await Deno.readTextFile(`${server.dataDir}/token_key.json`));
  deepEqual(keys, [{ kty: "OKP", crv: "Ed25519", x, kid, alg: "EdDSA", use: "sig" }]);
  ok(!JSON.stringify(keys).includes(d));
});

Deno.test("[S22] limits count the client behind a trusted proxy, and the peer where there is none", async () => {
  await using behind = await startServer({ TRUSTED_PROXIES: "127.0.0.0/8", GUESTS_PER_MINUTE: 1 });
  await using direct = await startServer({ GUESTS_PER_MINUTE: 1 });
  const take = async (on: Server, forwarded: string) => {
    const headers = { "x-forwarded-for": forwarded };
    const response = await fetch(`${on.url}/v1/guests`, { method: "POST", headers });
    await response.body?.cancel();
    return response.status;
  };
  equal(await take(behind, "198.51.100.1"), 201);
  equal(await take(behind, "198.51.100.2"), 201);
  equal(await take(behind, "192.0.2.66, 198.51.100.1"), 429);
  equal(await take(behind, "2001:db8::1"), 201);
  equal(await take(behind, "2001:db8::2"), 429);
  equal(await take(direct, "198.51.100.1"), 201);
  equal(await take(direct, "198.51.100.2"), 429);
});

Deno.test("[S23] sockets count by their network", async () => {
  await using behind = await startServer({ TRUSTED_PROXIES: "127.0.0.1", CONNECTIONS_PER_ADDRESS: 1 });
  const open = (address: string) => RawSocket.open(behind.port, { "X-Forwarded-For": address });
  using first = await open("2001:db8::1");
  equal(first.status, 101);
  using second = await open("2001:db8::2");
  equal(second.status, 503);
  using other = await open("2001:db8:0:1::2");
  equal(other.status, 101);
});
