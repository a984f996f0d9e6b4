import assert from "node:assert/strict";
import { Barrage } from "client/mod.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { Recorder } from "tests/client/support/recorder.ts";
import { startNats } from "tests/support/nats.ts";
import { NatsOperator } from "tests/support/nats_operator.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { type Server, startServer } from "tests/support/server.ts";

/** Two nodes on real servers that share the shards, and an operator beside them. */
async function startTwo() {
  await using started = new AsyncDisposableStack();
  const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  started.use(nats);
  started.use(postgres);
  const env = {
    NATS_URL: nats.url,
    DATABASE_URL: await postgres.createDatabase(),
    GUESTS: "on",
    LEASE_TTL_MS: 3_000,
    LEASE_RENEW_MS: 300,
    SETTLE_MS: 500,
  };
  const servers = [
    started.use(await startServer({ ...env, NODE_ID: "a" })),
    started.use(await startServer({ ...env, NODE_ID: "b" })),
  ] as const;
  const operator = started.use(await NatsOperator.connect(nats.url));
  const owned = started.move();
  return { servers, operator, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** Opens rooms at one server until the other one owns one of them. */
async function roomOwnedBy(owner: Server, by: Server): Promise<{ id: string; token: string }> {
  const guest = await HttpClient.guest(by.url, "Ann");
  for (;;) {
    const active = await owner.metric('barrage_actors{kind="room"}');
    const { id } = await guest.room();
    if (await owner.metric('barrage_actors{kind="room"}') > active) return { id, token: guest.token };
  }
}

Deno.test("[K6] an operator sees what is said in a room, asks for the room, and kicks a user", async () => {
  await using stage = await startTwo();
  const { servers: [a, b], operator } = stage;
  await b.metricIs("barrage_shards", (shards) => shards > 0);
  const events = await operator.sub("barrage.v1.evt.room.*.>");
  const { id, token } = await roomOwnedBy(b, a);
  await using viewer = new Barrage({ url: a.url, token, random: () => 0.01 });
  const closed = new Promise<void>((resolve) => {
    viewer.on("state", ({ status }) => status === "closed" && resolve());
  });
  await viewer.room(id).join();
  await viewer.room(id).say("hello operator");
  const heard = await events.until(({ text }) => text.includes("hello operator"));
  assert.match(heard.subject, new RegExp(`^barrage\\.v1\\.evt\\.room\\.${id}\\.\\w+$`));
  const frame = JSON.parse(heard.text);
  assert.equal(frame.items[0].text, "hello operator");
  const room = await operator.req<{ id: string; title: string }>(`barrage.v1.ask.room.${id}.info`);
  assert.deepEqual([room.id, room.title], [id, "Room"]);
  const user = frame.items[0].user.id;
  operator.pub(`barrage.v1.evt.user.${user}.kick`);
  await closed;
});

Deno.test("[K7] with an observer on everything, what the dead node owned goes on at the other one", async () => {
  await using stage = await startTwo();
  const { servers: [a, b], operator } = stage;
  const observed = await operator.sub("barrage.v1.>");
  await b.metricIs("barrage_shards", (shards) => shards > 0);
  const { id, token } = await roomOwnedBy(b, a);
  await using viewer = new Barrage({ url: a.url, token, random: () => 0.01 });
  const seen = new Recorder(viewer.room(id));
  await viewer.room(id).join();
  await viewer.room(id).say("before");
  await seen.until("before");
  await b.kill("SIGKILL");
  await viewer.room(id).say("after");
  await seen.until("after");
  assert.deepEqual(seen.texts, ["before", "after"]);
  assert.equal(await a.metric("barrage_shards"), 256);
  assert.ok(observed.all.some(({ subject }) => subject.startsWith("barrage.v1.act.")));
});
