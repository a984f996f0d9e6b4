import { deepEqual, equal, match, ok } from "node:assert/strict";
import { connect, type NatsConnection, RequestStrategy } from "nats";
import type { NodeReport } from "actors/runtime/report.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type NatsServerProcess, startNats } from "tests/support/nats.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { Server } from "tests/support/server.ts";
import { Collector } from "./collector.ts";

const PATIENCE_MS = 10_000;

interface Answer {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly version: string;
  readonly metadata: Record<string, string>;
}

interface Endpoint {
  readonly name: string;
  readonly subject: string;
  readonly queue_group: string;
}

interface Info extends Answer {
  readonly description: string;
  readonly endpoints: (Endpoint & { readonly metadata: Record<string, string> })[];
}

interface Stats extends Answer {
  readonly started: string;
  readonly endpoints: (Endpoint & {
    readonly num_requests: number;
    readonly num_errors: number;
    readonly last_error: string;
    readonly processing_time: number;
    readonly average_processing_time: number;
    readonly data: unknown;
  })[];
}

interface Ready {
  readonly status: string;
  readonly bus: string;
  readonly busSince: number;
  readonly busDisconnects: Record<string, number>;
}

const IDS = ["a", "b"];
const started = new AsyncDisposableStack();
const nodes: Server[] = [];
let nats: NatsServerProcess;
/** A client that knows nothing of Barrage, as the command line is. */
let foreign: NatsConnection;

async function startNode(id: string, database: string): Promise<Server> {
  const env = {
    NODE_ID: id,
    NATS_URL: nats.url,
    DATABASE_URL: database,
    GUESTS: "on",
    ROOMS_PER_MINUTE: 1_000,
  };
  const node = new Server(env, await Deno.makeTempDir({ prefix: "barrage-test-" }));
  await node.start();
  return started.use(node);
}

Deno.test.beforeAll(async () => {
  nats = started.use(await startNats());
  const database = await started.use(await startPostgres()).createDatabase();
  for (const id of IDS) nodes.push(await startNode(id, database));
  foreign = await connect({ servers: nats.url });
});

Deno.test.afterAll(async () => {
  await foreign.close();
  await started.disposeAsync();
});

async function ask<T>(subject: string): Promise<T> {
  return (await foreign.request(subject, "", { timeout: PATIENCE_MS })).json<T>();
}

/** What both nodes answer, in the order of their ids. */
async function askBoth<T extends Answer>(subject: string): Promise<[T, T]> {
  const options = { strategy: RequestStrategy.Count, maxMessages: IDS.length, maxWait: PATIENCE_MS };
  const answers: T[] = [];
  for await (const message of await foreign.requestMany(subject, "", options)) {
    answers.push(message.json<T>());
  }
  const [a, b] = answers.sort((one, other) => one.id.localeCompare(other.id));
  if (a === undefined || b === undefined) throw new Error(`Too few answers to ${subject}: ${answers.length}`);
  return [a, b];
}

function endpoint(stats: Stats, name: string): Stats["endpoints"][number] {
  const found = stats.endpoints.find((endpoint) => endpoint.name === name);
  if (found === undefined) throw new Error(`No endpoint ${name}`);
  return found;
}

async function ready(node: Server): Promise<{ status: number; body: Ready }> {
  return await new HttpClient(node.url).get<Ready>("/readyz");
}

async function readyIs(node: Server, bus: string): Promise<{ status: number; body: Ready }> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ready(node);
    if (answer.body.bus === bus) return answer;
    if (performance.now() > until) throw new Error(`The bus does not get ${bus}`);
  }
}

Deno.test("[V1] each node answers a PING once: to all services, to barrage, and to its own name", async () => {
  const collector = new Collector();
  const subscription = foreign.subscribe("reply.ping", {
    callback: (_, { subject, data }) => {
      collector.receive({ subject, data: new Uint8Array(data), headers: {}, respond: () => {} });
    },
  });
  const ids = () => collector.texts.map((text) => (JSON.parse(text) as Answer).id).sort();
  // An answer too many would come before those to the next question.
  for (const [index, subject] of ["$SRV.PING", "$SRV.PING.barrage", "$SRV.PING"].entries()) {
    foreign.publish(subject, "", { reply: "reply.ping" });
    await collector.count(2 * (index + 1));
  }
  deepEqual(ids(), ["a", "a", "a", "b", "b", "b"]);
  subscription.unsubscribe();
  const own = await ask<Answer>("$SRV.PING.barrage.b");
  equal(own.type, "io.nats.micro.v1.ping_response");
  deepEqual([own.name, own.id, own.version], ["barrage", "b", "0.1.0"]);
  match(own.metadata["address"] ?? "", /^127\.0\.0\.1:/);
});

Deno.test("[V1] the service client of NATS finds the nodes under their names", async () => {
  const client = foreign.services.client({
    strategy: RequestStrategy.Count,
    maxMessages: 2,
    maxWait: PATIENCE_MS,
  });
  const found: string[] = [];
  for await (const { name, id } of await client.stats("barrage")) found.push(`${name} ${id}`);
  deepEqual(found.sort(), ["barrage a", "barrage b"]);
});

Deno.test("[V2] INFO lists the subjects that may be used, with their verbs", async () => {
  const [a, b] = await askBoth<Info>("$SRV.INFO.barrage");
  equal(a.type, "io.nats.micro.v1.info_response");
  ok(a.description.length > 0);
  const shared = ["account", "answer", "budget", "conversation", "lookup", "pool", "room", "thread"];
  deepEqual(
    new Set(a.endpoints.map(({ name, subject, queue_group }) => `${name} ${subject} ${queue_group}`)),
    new Set([
      "node barrage.v1.node.a.report ",
      "session barrage.v1.ask.session.*.* ",
      ...shared.map((kind) => `${kind} barrage.v1.ask.${kind}.*.* ask`),
    ]),
  );
  equal(a.endpoints[0]?.name, "node");
  ok(a.endpoints[1]?.metadata["verbs"]?.split(" ").includes("info"));
  equal(b.endpoints[0]?.subject, "barrage.v1.node.b.report");
  equal((await ask<Info>("$SRV.INFO.barrage.b")).id, "b");
});

Deno.test("[V3] STATS counts what was asked, what failed, and the time it took", async () => {
  const before = await askBoth<Stats>("$SRV.STATS.barrage");
  const room = await (await HttpClient.guest(nodes[0]!.url)).room();
  for (let asked = 0; asked < 5; asked++) {
    equal((await ask<{ id: string }>(`barrage.v1.ask.room.${room.id}.info`)).id, room.id);
  }
  const refused = await ask<{ error: { data: { reason: string } } }>(`barrage.v1.ask.room.${room.id}.dance`);
  equal(refused.error.data.reason, "unknown_method");
  const after = await askBoth<Stats>("$SRV.STATS.barrage");
  function grown(field: "num_requests" | "num_errors" | "processing_time"): number {
    return [0, 1].reduce(
      (sum, node) => sum + endpoint(after[node]!, "room")[field] - endpoint(before[node]!, "room")[field],
      0,
    );
  }
  equal(grown("num_requests"), 6);
  equal(grown("num_errors"), 1);
  ok(grown("processing_time") > 0);
  ok(after.some((stats) => endpoint(stats, "room").last_error === "unknown_method"));
  for (const { type, started, endpoints } of after) {
    equal(type, "io.nats.micro.v1.stats_response");
    ok(Date.parse(started) <= Date.now());
    // Whole nanoseconds: the command line takes no others.
    for (const { num_requests, processing_time, average_processing_time } of endpoints) {
      ok(Number.isInteger(processing_time));
      equal(
        average_processing_time,
        num_requests === 0 ? 0 : Math.trunc(processing_time / num_requests),
      );
    }
  }
});

Deno.test("[V4] STATS shows the actors, their mailboxes, the drops, the shards and the epochs of each node", async () => {
  const owner = await HttpClient.guest(nodes[0]!.url);
  const room = await owner.room();
  await ask(`barrage.v1.ask.room.${room.id}.dance`);
  const stats = await askBoth<Stats>("$SRV.STATS");
  const reports = stats.map((answer) => endpoint(answer, "node").data as NodeReport);
  equal(reports.reduce((sum, { shards }) => sum + shards, 0), 256);
  for (const { epoch, epochs, shards, bus } of reports) {
    ok(epoch !== undefined && epoch >= 1);
    equal(epochs === undefined, shards === 0);
    if (epochs !== undefined) ok(epochs.lowest >= 1 && epochs.lowest <= epochs.highest);
    equal(bus.state, "connected");
  }
  ok(reports.reduce((sum, { actors }) => sum + (actors["room"]?.active ?? 0), 0) >= 1);
  ok(reports.some(({ drops }) => (drops["ask"]?.["unknown_method"] ?? 0) >= 1));
  const [a] = stats;
  deepEqual(endpoint(a, "room").data, reports[0]!.actors["room"]);
  deepEqual(Object.keys(endpoint(a, "room").data as object).sort(), ["active", "waiting"]);
});

Deno.test("[V5] a node answers its report alone, and counts that it was asked", async () => {
  const before = endpoint(await ask<Stats>("$SRV.STATS.barrage.a"), "node").num_requests;
  const report = await ask<NodeReport>("barrage.v1.node.a.report");
  equal(report.shards, await nodes[0]!.metric("barrage_shards"));
  equal(report.epoch, await nodes[0]!.metric("barrage_node_epoch"));
  deepEqual(report.audience, { connections: 0, eventStreams: 0, viewers: 0, rooms: 0 });
  equal(endpoint(await ask<Stats>("$SRV.STATS.barrage.a"), "node").num_requests, before + 1);
});

Deno.test("[V6] the metrics tell shards by epoch, asks, and what went to other nodes", async () => {
  const rooms = await Promise.all(
    nodes.map(async (node) => await (await HttpClient.guest(node.url)).room()),
  );
  // Each is asked through both nodes, so that one of them has to send the command on.
  for (const { id } of rooms) {
    for (const node of nodes) equal((await new HttpClient(node.url).get(`/v1/rooms/${id}`)).status, 200);
  }
  const texts = await Promise.all(nodes.map(async ({ url }) => await (await fetch(`${url}/metrics`)).text()));
  const sum = (pattern: RegExp) =>
    texts.join("\n").matchAll(pattern).reduce((total, [, value]) => total + Number(value), 0);
  equal(sum(/^barrage_shards_by_epoch\{epoch="\d+"\} (\d+)$/gm), 256);
  ok(sum(/^barrage_remote_batches_total (\d+)$/gm) >= 1);
  ok(sum(/^barrage_asks_total\{kind="room"\} (\d+)$/gm) >= 1);
  ok(sum(/^barrage_ask_errors_total\{kind="room"\} (\d+)$/gm) >= 1);
  for (const text of texts) {
    match(text, /^# TYPE barrage_remote_retries_total counter$/m);
    match(text, /^barrage_bus_connected 1$/m);
    match(text, /^barrage_hand_offs_total\{outcome="in"\} \d+$/m);
  }
});

Deno.test("[V8] with the feed off no node keeps a connection for it", async () => {
  const names = (await nats.connections()).map(({ name }) => name).filter((name) => /^[ab] /.test(name));
  deepEqual(names.sort(), ["a bulk", "a control", "b bulk", "b control"]);
});

Deno.test("[V1] [V7] the loss of the server is reported, and after its restart both nodes answer again", async () => {
  const lossBegan = Date.now();
  await nats.kill();
  const lost = await readyIs(nodes[0]!, "disconnected");
  equal(lost.status, 503);
  ok(lost.body.busSince >= lossBegan);
  equal(await nodes[0]!.metric("barrage_bus_connected"), 0);
  await nats.start();
  for (const node of nodes) {
    const { body } = await readyIs(node, "connected");
    deepEqual(body.busDisconnects, { control: 1, bulk: 1 });
    equal(await node.metric('barrage_bus_disconnects_total{connection="bulk"}'), 1);
  }
  ok((await ready(nodes[0]!)).body.busSince >= lost.body.busSince);
  await foreign.close();
  foreign = await connect({ servers: nats.url });
  const stats = await askBoth<Stats>("$SRV.STATS.barrage");
  deepEqual(stats.map((answer) => (endpoint(answer, "node").data as NodeReport).bus.disconnects), [
    { control: 1, bulk: 1 },
    { control: 1, bulk: 1 },
  ]);
});
