import { deepEqual, equal, match, ok } from "node:assert/strict";
import { setImmediate } from "node:timers";
import { AckPolicy, connect, type JetStreamManager, type NatsConnection, type StreamConfig } from "nats";
import type { Feed, FeedCounts } from "actors/bus/feed.ts";
import { NatsFeed, type NatsFeedOptions } from "actors/bus/nats_feed.ts";
import { TappedBus } from "actors/bus/tapped_bus.ts";
import type { RoomFrame } from "protocol/items.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type NatsServerProcess, startNats } from "tests/support/nats.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { startServer } from "tests/support/server.ts";
import { bytes, Collector, text } from "./collector.ts";
import { connectBus, Reports } from "./nats_rig.ts";

const EVENT = "barrage.v1.evt.room.R1.frame";
const PATIENCE_MS = 10_000;
const BOUNDS = { name: "BARRAGE", maxAgeMs: 3_600_000, maxBytes: 16_777_216 };
const JETSTREAM = { config: ['jetstream { store_dir: "jetstream" }'] };
const NOTHING_LOST = { overflow: 0, expired: 0, refused: 0, too_large: 0, stopped: 0 };

let shared: NatsServerProcess;

Deno.test.beforeAll(async () => {
  shared = await startNats(JETSTREAM);
});

Deno.test.afterAll(async () => {
  await shared[Symbol.asyncDispose]();
});

function openFeed(url: string, options: Partial<NatsFeedOptions> = {}): NatsFeed & { reports: Reports } {
  const reports = new Reports();
  const feed = new NatsFeed({
    servers: [url],
    name: "node-a",
    stream: BOUNDS,
    onError: reports.receive,
    ...options,
  });
  return Object.assign(feed, { reports });
}

function offer(feed: Feed, offset: number, { room = "R1", count = "1", body = `${offset}` } = {}): void {
  const to = count === "0" ? offset - 1 : offset;
  const headers = { epoch: "7", from: String(offset), to: String(to), count };
  feed.offer(`barrage.v1.evt.room.${room}.frame`, bytes(body), headers);
}

async function until(condition: () => boolean, wanted: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Cannot see ${wanted} in ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function counted(feed: Feed, wanted: (counts: FeedCounts) => boolean): Promise<void> {
  await until(() => wanted(feed.counts), "the counts of the feed");
}

/** What a program downstream has of the feed. */
class Downstream implements AsyncDisposable {
  readonly #connection: NatsConnection;
  readonly manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.#connection = connection;
    this.manager = manager;
  }

  static async connect(url: string): Promise<Downstream> {
    const connection = await connect({ servers: url });
    return new Downstream(connection, await connection.jetstreamManager({ checkAPI: false }));
  }

  /** Everything the stream has for a consumer made now, acknowledged one by one. */
  async read(stream = BOUNDS.name): Promise<{ subject: string; id: string | undefined; body: string }[]> {
    const { name, num_pending } = await this.manager.consumers.add(stream, {
      ack_policy: AckPolicy.Explicit,
    });
    const consumer = await this.#connection.jetstream().consumers.get(stream, name);
    const read = [];
    if (num_pending > 0) {
      for await (const message of await consumer.fetch({ max_messages: num_pending, expires: PATIENCE_MS })) {
        const { subject, data, headers } = message;
        read.push({ subject, id: headers?.get("Nats-Msg-Id"), body: text(data) });
        await message.ackAck();
      }
    }
    await this.manager.consumers.delete(stream, name);
    return read;
  }

  /** Once the stream is there. */
  async configOf(stream: string): Promise<StreamConfig> {
    const end = performance.now() + PATIENCE_MS;
    while (!(await this.manager.streams.names().next()).includes(stream)) {
      if (performance.now() > end) throw new Error(`Cannot see stream ${stream} in ${PATIENCE_MS} ms`);
    }
    return (await this.manager.streams.info(stream)).config;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}

Deno.test("[V9] a frame gets into the stream under its room, with its headers and an id of room, epoch and offsets", async () => {
  await using server = await startNats(JETSTREAM);
  await using feed = openFeed(server.url);
  await using bus = await connectBus(server.url);
  const tapped = new TappedBus(bus, feed);
  tapped.publish(EVENT, bytes("one"), { epoch: "7", from: "1", to: "3", count: "3" });
  tapped.publish("barrage.v1.evt.room.R1.counted", bytes("two"), { epoch: "7" });
  tapped.publish("barrage.v1.evt.user.R1.frame", bytes("three"), { epoch: "7" });
  await counted(feed, ({ sent }) => sent === 1);
  await using downstream = await Downstream.connect(server.url);
  deepEqual(await downstream.read(), [
    { subject: "barrage.v1.feed.room.R1.frame", id: "R1.7.1-3", body: "one" },
  ]);
  const stored = await downstream.manager.streams.getMessage(BOUNDS.name, { seq: 1 });
  deepEqual(["epoch", "from", "to", "count"].map((name) => stored.header.get(name)), ["7", "1", "3", "3"]);
  deepEqual(feed.counts, { sent: 1, duplicates: 0, waiting: 0, lost: NOTHING_LOST });
});

Deno.test("[V10] the same frame again is the same message, but frames without items are each their own", async () => {
  await using server = await startNats(JETSTREAM);
  await using feed = openFeed(server.url);
  await using other = openFeed(server.url, { name: "node-b" });
  offer(feed, 1);
  await counted(feed, ({ sent }) => sent === 1);
  offer(other, 1);
  offer(other, 2, { count: "0", body: "online 3" });
  offer(other, 2, { count: "0", body: "online 4" });
  await counted(other, ({ sent }) => sent === 3);
  equal(other.counts.duplicates, 1);
  await using downstream = await Downstream.connect(server.url);
  deepEqual((await downstream.read()).map(({ body }) => body), ["1", "online 3", "online 4"]);
});

Deno.test("[V10] a frame whose acknowledgement stays away is sent again and is there once", async () => {
  await using server = await startNats(JETSTREAM);
  await using feed = openFeed(server.url, { ackMs: 50 });
  offer(feed, 1);
  await counted(feed, ({ sent }) => sent === 1);
  // The making of the stream may have taken longer, too.
  feed.reports.messages.length = 0;
  await server.pause();
  offer(feed, 2);
  offer(feed, 3);
  await feed.reports.say(/Cannot feed: no answer in 50 ms/);
  server.resume();
  await counted(feed, ({ sent }) => sent === 3);
  await using downstream = await Downstream.connect(server.url);
  deepEqual((await downstream.read()).map(({ body }) => body), ["1", "2", "3"]);
  ok(feed.counts.duplicates >= 1);
  deepEqual(feed.counts.lost, NOTHING_LOST);
});

Deno.test("[V11] what is offered while the server is down arrives after its restart, in the order of each room", async () => {
  await using server = await startNats(JETSTREAM);
  await using feed = openFeed(server.url);
  offer(feed, 1);
  await counted(feed, ({ sent }) => sent === 1);
  await server.kill();
  await feed.reports.say(/node-a feed to \S+ was lost/);
  for (let offset = 2; offset <= 50; offset++) {
    offer(feed, offset);
    offer(feed, offset, { room: "R2" });
  }
  equal(feed.counts.waiting, 98);
  await server.start();
  await counted(feed, ({ waiting }) => waiting === 0);
  await using downstream = await Downstream.connect(server.url);
  const read = await downstream.read();
  const bodies = (room: string) =>
    read.filter(({ subject }) => subject.includes(room)).map(({ body }) => Number(body));
  deepEqual(bodies("R1"), Array.from({ length: 50 }, (_, index) => index + 1));
  deepEqual(bodies("R2"), Array.from({ length: 49 }, (_, index) => index + 2));
});

Deno.test("[V12] without JetStream events go on, and what the feed loses is counted by its reason", async () => {
  await using server = await startNats();
  await using feed = openFeed(server.url, {
    limits: { messages: 3, bytes: 1_000 },
    patienceMs: 100,
    closeTimeoutMs: 50,
  });
  await using bus = await connectBus(server.url);
  await using listener = await connectBus(server.url);
  const heard = new Collector();
  await listener.subscribe(EVENT, heard.receive).ready;
  const tapped = new TappedBus(bus, feed);
  for (let offset = 1; offset <= 5; offset++) {
    const headers = { epoch: "7", from: String(offset), to: String(offset), count: "1" };
    tapped.publish(EVENT, bytes(`${offset}`), headers);
  }
  await heard.last("5");
  deepEqual(heard.texts, ["1", "2", "3", "4", "5"]);
  equal(feed.counts.lost.overflow, 2);
  await counted(feed, ({ lost }) => lost.expired === 3);
  match(feed.reports.messages.join("\n"), /Cannot feed: the server has no JetStream/);
  offer(feed, 6);
  await feed[Symbol.asyncDispose]();
  equal(feed.counts.lost.stopped, 1);
  offer(feed, 7);
  equal(feed.counts.lost.stopped, 2);
  equal(feed.counts.sent, 0);
});

Deno.test("[V13] the stream gets the bounds of the configuration, and what an operator has changed besides stays", async () => {
  await using server = await startNats(JETSTREAM);
  await using downstream = await Downstream.connect(server.url);
  const { streams } = downstream.manager;
  await using _first = openFeed(server.url);
  const made = await downstream.configOf(BOUNDS.name);
  deepEqual(made.subjects, ["barrage.v1.feed.>"]);
  deepEqual([made.max_age, made.max_bytes], [3_600_000 * 1e6, 16_777_216]);
  await streams.update(BOUNDS.name, { max_msgs: 1_000 });
  await using second = openFeed(server.url, { stream: { ...BOUNDS, maxBytes: 8_388_608 } });
  offer(second, 2);
  await counted(second, ({ sent }) => sent === 1);
  const { max_bytes, max_msgs } = (await streams.info(BOUNDS.name)).config;
  deepEqual([max_bytes, max_msgs], [8_388_608, 1_000]);
});

Deno.test("[V13] a stream of somebody else under the same name is left alone", async () => {
  await using downstream = await Downstream.connect(shared.url);
  const { streams } = downstream.manager;
  await streams.add({ name: "ORDERS", subjects: ["orders.>"] });
  await using feed = openFeed(shared.url, {
    stream: { ...BOUNDS, name: "ORDERS" },
    closeTimeoutMs: 10,
  });
  offer(feed, 1);
  await feed.reports.say(/Cannot use stream ORDERS: it is there already and keeps other subjects/);
  deepEqual((await streams.info("ORDERS")).config.subjects, ["orders.>"]);
  equal(feed.counts.sent, 0);
});

Deno.test("[V14] a consumer reads every frame of a room once, over a restart and a kill of the node", async () => {
  await using server = await startNats(JETSTREAM);
  await using postgres = await startPostgres();
  await using node = await startServer({
    NATS_URL: server.url,
    DATABASE_URL: await postgres.createDatabase(),
    GUESTS: "on",
    FEED: "on",
    FEED_STREAM: "EVENTS",
    LEASE_TTL_MS: 1_000,
    LEASE_RENEW_MS: 100,
  });
  const owner = await HttpClient.guest(node.url);
  const room = await owner.room();
  let said = 0;
  async function say(count: number): Promise<void> {
    for (let more = 0; more < count; more++) {
      const { status } = await owner.post(`/v1/rooms/${room.id}/messages`, { text: `danmaku ${++said}` });
      equal(status, 202);
    }
  }
  await say(3);
  // An orderly stop hands over what waits.
  equal((await node.kill("SIGTERM")).code, 0);
  await node.restart();
  await say(3);
  // A kill may take what was committed and not handed over yet, so all is handed over before it.
  await node.metricIs("barrage_feed_sent_total", (sent) => sent >= 3);
  await node.metricIs("barrage_feed_waiting", 0);
  await node.kill("SIGKILL");
  await node.restart();
  await say(3);
  await node.metricIs("barrage_feed_sent_total", (sent) => sent >= 3);
  await node.metricIs("barrage_feed_waiting", 0);

  await using downstream = await Downstream.connect(server.url);
  const read = await downstream.read("EVENTS");
  const frames = read.map(({ body }) => JSON.parse(body) as RoomFrame);
  const items = frames.flatMap(({ items }) => items);
  deepEqual(items.map(({ offset }) => offset), Array.from({ length: 9 }, (_, index) => index + 1));
  deepEqual(items.map((item) => item.text), items.map(({ offset }) => `danmaku ${offset}`));
  equal(new Set(read.map(({ id }) => id)).size, read.length);
  ok(new Set(frames.map(({ epoch }) => epoch)).size >= 2);
  equal(await node.metric('barrage_feed_lost_total{reason="expired"}'), 0);
});
