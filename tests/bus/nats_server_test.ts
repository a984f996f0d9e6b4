import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { connect, headers } from "nats";
import { BUS_MAX_BYTES, type BusState, NoResponders } from "actors/bus/bus.ts";
import { NatsBus } from "actors/bus/nats.ts";
import { BarrageError } from "protocol/errors.ts";
import { Cable } from "tests/support/cable.ts";
import { type NatsServerProcess, startNats, startNatsCluster } from "tests/support/nats.ts";
import { type BusRig, testBus } from "./bus_contract.ts";
import { bytes, Collector, deadline, text } from "./collector.ts";
import { leaveQueue } from "./leave_queue.ts";
import { connectBus, stateOf } from "./nats_rig.ts";

let shared: NatsServerProcess;

Deno.test.beforeAll(async () => {
  shared = await startNats();
});

Deno.test.afterAll(async () => {
  await shared[Symbol.asyncDispose]();
});

async function openNats(connections: number): Promise<BusRig> {
  await using opened = new AsyncDisposableStack();
  const errors: unknown[] = [];
  const cables: Cable[] = [];
  const buses: NatsBus[] = [];
  for (let index = 0; index < connections; index++) {
    const cable = opened.use(new Cable(shared.port));
    cables.push(cable);
    const servers = [`nats://127.0.0.1:${cable.port}`];
    const onError = (error: unknown) => void errors.push(error);
    buses.push(opened.use(await NatsBus.connect({ servers, name: `bus ${index}`, onError })));
  }
  const owned = opened.move();
  return {
    buses,
    errors,
    async cut(index) {
      cables[index]?.pull();
      await stateOf(buses[index], "disconnected");
    },
    async restore(index) {
      cables[index]?.plug();
      await stateOf(buses[index], "connected");
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

testBus("nats", openNats);

const EVENT = "barrage.v1.evt.room.R1.frame";
const COMMAND = "barrage.v1.act.7.room.R1.say";

function unavailable(error: unknown): boolean {
  return error instanceof BarrageError && error.reason === "unavailable";
}

Deno.test("[N1] events have a connection of their own, and each connection says what it is", async () => {
  await using server = await startNats();
  await using bus = await connectBus(server.url);
  await bus.subscribe(EVENT, () => {}).ready;
  await bus.subscribe(COMMAND, () => {}, { queue: "own" }).ready;
  const connections = await server.connections();
  deepEqual(connections.map(({ name }) => name).sort(), ["node-a bulk", "node-a control"]);
  for (const { name, subscriptions } of connections) {
    equal(subscriptions.includes(EVENT), name === "node-a bulk");
    equal(subscriptions.includes(COMMAND), name === "node-a control");
  }
});

Deno.test("[N2] after a crash of the server the bus comes back with its subscriptions, and what was lost is counted", async () => {
  await using server = await startNats();
  await using bus = await connectBus(server.url);
  const seen: BusState[] = [];
  bus.watch((state) => seen.push(state));
  const collector = new Collector();
  await bus.subscribe(EVENT, collector.receive).ready;
  await bus.subscribe(COMMAND, (message) => message.respond(bytes("done"))).ready;
  await server.kill();
  await bus.reports.lostBoth();
  equal(bus.state, "disconnected");
  bus.publish(EVENT, bytes("1"));
  bus.publish(COMMAND, bytes("2"));
  await rejects(bus.request(COMMAND, bytes("3"), { signal: deadline() }), unavailable);
  equal(bus.lost, 2);
  await server.start();
  await stateOf(bus, "connected");
  bus.publish(EVENT, bytes("4"));
  await collector.count(1);
  deepEqual(collector.texts, ["4"]);
  equal(text((await bus.request(COMMAND, bytes("5"), { signal: deadline() })).data), "done");
  deepEqual(seen, ["disconnected", "connected"]);
  equal(bus.lost, 2);
  deepEqual(bus.disconnects, { control: 1, bulk: 1 });
});

Deno.test("[N3] a server that is paused counts as lost, and when it goes on every message comes once", async () => {
  await using server = await startNats();
  await using bus = await connectBus(server.url, { pingIntervalMs: 50 });
  await using other = await connectBus(server.url, { name: "node-b" });
  const collector = new Collector();
  await bus.subscribe(EVENT, collector.receive).ready;
  await other.subscribe(COMMAND, () => {}).ready;
  await server.pause();
  const asked = rejects(bus.request(COMMAND, bytes("?"), { signal: deadline() }), unavailable);
  await bus.reports.lostBoth();
  await asked;
  equal(bus.state, "disconnected");
  server.resume();
  await stateOf(bus, "connected");
  for (const value of ["1", "2", "3"]) other.publish(EVENT, bytes(value));
  await collector.last("3");
  deepEqual(collector.texts, ["1", "2", "3"]);
  const names = (await server.connections()).map(({ name }) => name).filter((name) => name !== "");
  deepEqual(names.sort(), ["node-a bulk", "node-a control", "node-b bulk", "node-b control"]);
});

Deno.test("[N4] what is on the way to a server that does not read is bounded, and the newest over that dropped", async () => {
  await using server = await startNats();
  const limits = { messages: 1_000, bytes: 32 * BUS_MAX_BYTES };
  await using bus = await connectBus(server.url, { pingIntervalMs: 50, limits });
  await server.pause();
  for (let sent = 0; sent < 40; sent++) bus.publish(EVENT, new Uint8Array(BUS_MAX_BYTES));
  for (let sent = 0; sent < 1_005; sent++) bus.publish(COMMAND, bytes("small"));
  equal(bus.dropped, 8 + 5);
  await rejects(bus.request(COMMAND, bytes("?"), { signal: deadline() }), /too many messages are waiting/);
  await bus.reports.lostBoth();
  server.resume();
  await stateOf(bus, "connected");
  equal(bus.dropped, 8 + 5 + 1);
  equal(bus.unconfirmed, 32 + 1_000);
});

Deno.test("[N5] a server that hangs up on a slow reader ends the bulk connection only, and that is seen and counted", async () => {
  await using server = await startNats({ config: ["max_pending: 1100000"] });
  await using cable = new Cable(server.port);
  await using slow = await connectBus(`nats://127.0.0.1:${cable.port}`);
  await using fast = await connectBus(server.url);
  const questions = new Collector();
  await fast.subscribe(COMMAND, questions.receive).ready;
  const events = new Collector();
  await slow.subscribe(EVENT, events.receive).ready;
  const answer = slow.request(COMMAND, bytes("?"), { signal: deadline() });
  await questions.count(1);
  cable.clog();
  for (let sent = 0; sent < 40; sent++) fast.publish(EVENT, new Uint8Array(BUS_MAX_BYTES));
  await server.says(/Slow Consumer Detected/);
  questions.messages[0]?.respond(bytes("!"));
  cable.unclog();
  equal(text((await answer).data), "!");
  await slow.reports.say(/The connection node-a bulk to .* was lost: it hung up/);
  await stateOf(slow, "connected");
  fast.publish(EVENT, bytes("after"));
  await events.until(() => events.messages.at(-1)?.data.byteLength === 5, "the event after it");
  deepEqual(slow.disconnects, { control: 0, bulk: 1 });
});

Deno.test("[N6] any client of the server sees readable bodies and headers, and is understood", async () => {
  await using bus = await connectBus(shared.url);
  const foreign = await connect({ servers: shared.url });
  try {
    const { promise: seen, resolve } = Promise.withResolvers<[unknown, string | undefined]>();
    foreign.subscribe("barrage.v1.evt.>", {
      callback: (_, message) => resolve([message.json(), message.headers?.get("epoch")]),
    });
    await foreign.flush();
    bus.publish(EVENT, bytes(JSON.stringify({ text: "666" })), { epoch: "7" });
    deepEqual(await seen, [{ text: "666" }, "7"]);

    await bus.subscribe(COMMAND, (message) => {
      message.respond(message.data, { role: message.headers["role"] ?? "none" });
    }).ready;
    const twice = headers();
    twice.append("role", "guest");
    twice.append("role", "host");
    const reply = await foreign.request(COMMAND, "hello", { timeout: 5_000, headers: twice });
    equal(reply.string(), "hello");
    equal(reply.headers?.get("role"), "host");
  } finally {
    await foreign.close();
  }
});

Deno.test("[N7] the first connection is tried until the server is there", async () => {
  await using server = await startNats();
  await server.kill();
  const opening = connectBus(server.url);
  await server.start();
  await using bus = await opening;
  equal(bus.state, "connected");
});

Deno.test("[N7] the first connection fails in time with the server and the reason, and without credentials", async () => {
  await using server = await startNats({ config: ['authorization { user: "barrage", password: "right" }'] });
  const reports: unknown[] = [];
  for (const credentials of ["barrage:wrong-secret", "token-secret"]) {
    const opening = NatsBus.connect({
      servers: [`nats://${credentials}@127.0.0.1:${server.port}`],
      name: "node-a",
      onError: (error) => reports.push(error),
      connectTimeoutMs: 200,
    });
    await rejects(opening, (error) => {
      ok(unavailable(error));
      reports.push(error);
      match(String(error), /Cannot connect to nats:\/\/127\.0\.0\.1:\d+: Authorization Violation/);
      return true;
    });
  }
  equal(/secret/.test(Deno.inspect(reports, { depth: 20, iterableLimit: 100 })), false);
  const malformed = { servers: ["nats://barrage:wrong-secret@"], name: "node-a", onError: () => {} };
  await rejects(NatsBus.connect(malformed), (error) => !/secret/.test(Deno.inspect(error)));
});

Deno.test("[N7] the first connection does not wait longer for a server that says nothing", async () => {
  await using server = await startNats();
  await server.pause();
  await rejects(connectBus(server.url, { connectTimeoutMs: 200 }), /it does not answer|no answer in 200 ms/);
});

Deno.test("[N8] user and password, or a token, come from the URL, escapes undone", async () => {
  await using named = await startNats({
    config: ['authorization { user: "barrage", password: "p@ss/word" }'],
  });
  await using bus = await connectBus(`nats://barrage:p%40ss%2Fword@127.0.0.1:${named.port}`);
  equal(bus.state, "connected");
  await using tokens = await startNats({ config: ['authorization { token: "t:0ken" }'] });
  await using second = await connectBus(`nats://t%3A0ken@127.0.0.1:${tokens.port}`);
  equal(second.state, "connected");
});

Deno.test("[N9] a server that takes less than the bus makes a message too_large before it is sent", async () => {
  await using server = await startNats({ config: ["max_payload: 1000"] });
  await using bus = await connectBus(server.url);
  const collector = new Collector();
  await bus.subscribe(COMMAND, collector.receive).ready;
  bus.publish(COMMAND, new Uint8Array(1_000));
  const tooLarge = (error: unknown) => error instanceof BarrageError && error.reason === "too_large";
  throws(() => bus.publish(COMMAND, new Uint8Array(1_001)), tooLarge);
  await rejects(bus.request(COMMAND, new Uint8Array(1_001), { signal: deadline() }), tooLarge);
  await collector.count(1);
  equal(bus.state, "connected");
});

Deno.test("[N10] what the server refuses is reported and does not end the connection", async () => {
  const config = [
    'authorization { users: [{ user: "u", password: "p", permissions: { subscribe: { deny: "closed.>" } } }] }',
  ];
  await using server = await startNats({ config });
  await using bus = await connectBus(`nats://u:p@127.0.0.1:${server.port}`);
  await bus.subscribe("closed.x", () => {}).ready;
  match(bus.reports.messages.join("\n"), /Cannot listen on closed\.x: the server refuses it/);
  equal(bus.state, "connected");
});

Deno.test("[N11] a disposal does not wait for a server that takes nothing in, and says what may be lost", async () => {
  await using server = await startNats();
  const bus = await connectBus(server.url, { closeTimeoutMs: 100 });
  await server.pause();
  bus.publish(COMMAND, bytes("1"));
  bus.publish(COMMAND, bytes("2"));
  await bus[Symbol.asyncDispose]();
  match(
    bus.reports.messages.join("\n"),
    /Cannot close node-a control in order: 2 messages may not have arrived/,
  );
  equal(bus.unconfirmed, 2);
  bus.publish(COMMAND, bytes("3"));
  equal(bus.lost, 1);
});

Deno.test("[N12] when its server dies the bus goes on with another of those it was given", async () => {
  await using cluster = await startNatsCluster(3);
  const [first, second, third] = cluster.servers;
  if (first === undefined || second === undefined || third === undefined) throw new Error("Too few servers");
  await using moving = await connectBus("", { servers: [first.url, second.url] });
  await using staying = await connectBus(third.url, { name: "node-b" });
  await moving.subscribe(COMMAND, (message) => message.respond(bytes("here"))).ready;
  const onFirst = (await first.connections()).some(({ name }) => name === "node-a control");
  await (onFirst ? first : second).kill();
  await moving.reports.say(/node-a control to \S+ was lost/);
  equal(await answered(staying), "here");
});

Deno.test("[N13] when one of a queue drains in a cluster, every message reaches one of them", async () => {
  await using cluster = await startNatsCluster(3);
  const [first, second, third] = cluster.servers;
  if (first === undefined || second === undefined || third === undefined) throw new Error("Too few servers");
  await using a = await connectBus(first.url, { name: "node-a" });
  await using b = await connectBus(second.url, { name: "node-b" });
  await using c = await connectBus(third.url, { name: "node-c" });
  await leaveQueue(a, b, c, "test.far");
  await leaveQueue(a, b, a, "test.home");
  await leaveQueue(b, b, c, "test.near");
});

/** For a moment a cluster sends requests to a server that is dead, and then knows of no other listener. */
async function answered(bus: NatsBus): Promise<string> {
  const end = deadline();
  for (;;) {
    const signal = AbortSignal.any([end, AbortSignal.timeout(100)]);
    try {
      return text((await bus.request(COMMAND, bytes("?"), { signal })).data);
    } catch (error) {
      if (end.aborted || !(error instanceof NoResponders || error === signal.reason)) throw error;
    }
  }
}
