import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type KeptMessage, MemoryOutboxStore } from "client/mod.ts";
import { Ulids } from "client/chat/ulids.ts";
import { settle } from "./support/fake_clock.ts";
import {
  delta,
  DIRECT,
  direct,
  liveChat,
  message,
  shown,
  syncAfterReconnect,
} from "./support/scripted_chat.ts";

function sentBy(network: { newest: { received: { method: string; params: object }[] } }) {
  return network.newest.received.filter(({ method }) => method === "chat.send").map(({ params }) =>
    params as { id: string; text: string; to?: string }
  );
}

function ack(seq: number) {
  return { conversation: DIRECT, seq, id: `M${seq}`, at: 5_000 };
}

Deno.test("[C100] a message keeps its key and is seen once, whether its event or its acknowledgement comes first", async () => {
  for (const eventFirst of [true, false]) {
    const { talk, network, barrage } = await liveChat();
    const seen: string[][] = [];
    talk.on("messages", () => seen.push(shown(talk)));
    const outgoing = await talk.send("hello");
    await settle();
    const mine = message(4, { sender: { id: "U1", name: "Ann" }, text: "hello" });
    if (eventFirst) await network.newest.notify("chat.message", mine);
    await network.newest.reply("chat.send", ack(4));
    if (!eventFirst) await network.newest.notify("chat.message", mine);
    await settle();
    ok(seen.every((lines) => lines.filter((line) => line.startsWith("hello")).length === 1), `${seen}`);
    equal(talk.messages.at(-1)?.key, outgoing.id);
    deepEqual(shown(talk), ["text 1", "text 2", "text 3", "hello"]);
    deepEqual(outgoing.state, { status: "sent", seq: 4, at: 5_000 });
    barrage.close();
  }
});

Deno.test("[C100] the same words said on another device are another message", async () => {
  const { talk, network, barrage } = await liveChat();
  await talk.send("hello");
  await talk.send("hello");
  await settle();
  const own = { sender: { id: "U1", name: "Ann" }, text: "hello" };
  await network.newest.notify("chat.message", message(4, own));
  await network.newest.reply("chat.send", ack(5));
  await network.newest.notify("chat.message", message(5, own));
  deepEqual(shown(talk).slice(3), ["hello", "hello", "hello (sending)"]);
  equal(new Set(talk.messages.map(({ key }) => key)).size, 6);
  barrage.close();
});

Deno.test("[C101] the next message goes out when the one before is stored, those of other conversations meanwhile", async () => {
  const { chat, talk, network, barrage } = await liveChat();
  await Promise.all([talk.send("one"), talk.send("two"), chat.conversation("C2").send("elsewhere")]);
  deepEqual(sentBy(network).map(({ text }) => text), ["one", "elsewhere"]);
  deepEqual(sentBy(network)[0]?.to, "U2");
  const first = network.newest.received.find(({ method }) => method === "chat.send")!;
  await network.newest.raw(JSON.stringify({ jsonrpc: "2.0", id: first.id, result: ack(4) }));
  deepEqual(sentBy(network).map(({ text }) => text), ["one", "elsewhere", "two"]);
  barrage.close();
});

Deno.test("[C101] eight conversations send at the same time, and each gets its turn", async () => {
  const { chat, network, barrage } = await liveChat();
  await Promise.all(Array.from({ length: 12 }, (_, n) => chat.conversation(`G${n}`).send(`${n}`)));
  equal(sentBy(network).length, 8);
  for (let n = 8; n < 12; n++) await network.newest.reply("chat.send", ack(1));
  deepEqual(sentBy(network).map(({ text }) => Number(text)).sort((a, b) => a - b), [...Array(12).keys()]);
  barrage.close();
});

Deno.test("[C102] what was on its way when the connection was lost is sent again under the same id, the rest behind it", async () => {
  const client = await liveChat();
  const { talk, network, barrage } = client;
  await talk.send("one");
  await talk.send("two");
  const id = sentBy(network)[0]?.id;
  await syncAfterReconnect(client);
  deepEqual(sentBy(network).map(({ text }) => text), ["one"]);
  equal(sentBy(network)[0]?.id, id);
  await network.newest.reply("chat.send", ack(4));
  deepEqual(sentBy(network).map(({ text }) => text), ["one", "two"]);
  barrage.close();
});

Deno.test("[C102] an answer that never comes is asked for again", async () => {
  const { talk, network, clock, barrage } = await liveChat();
  await talk.send("one");
  await clock.advance(5_000);
  await network.newest.notify("chat.presence", {});
  await clock.advance(10_500);
  const ids = sentBy(network).map(({ id }) => id);
  equal(ids.length, 2);
  equal(ids[0], ids[1]);
  barrage.close();
});

Deno.test("[C103] a refused message is told as failed, and the next one goes on", async () => {
  for (const reason of ["blocked", "forbidden", "too_large", "muted", "invalid_params"]) {
    const { chat, talk, network, barrage } = await liveChat();
    const failed: string[] = [];
    chat.on("failed", ({ draft }) => failed.push(draft.text ?? ""));
    const one = await talk.send("one");
    await talk.send("two");
    await network.newest.fail("chat.send", reason, { retryAfterMs: 5 });
    equal(one.state.status === "failed" && one.state.error.reason, reason);
    deepEqual(failed, ["one"]);
    equal(talk.view?.failed, 1);
    await network.newest.reply("chat.send", ack(4));
    deepEqual(shown(talk).slice(3), ["one (failed)", "two (sent)"]);
    barrage.close();
  }
});

Deno.test("[C103] what passes holds the conversation's messages back, in order", async () => {
  for (const reason of ["rate_limited", "overloaded", "moved", "expired", "unavailable", "internal"]) {
    const { talk, network, clock, barrage } = await liveChat();
    await talk.send("one");
    await talk.send("two");
    await network.newest.fail("chat.send", reason, { retryAfterMs: 700 });
    await clock.advance(699);
    equal(sentBy(network).length, 1, reason);
    await clock.advance(600);
    await network.newest.reply("chat.send", ack(4));
    deepEqual(sentBy(network).map(({ text }) => text), ["one", "one", "two"]);
    barrage.close();
  }
});

Deno.test("[C103] a message that the server fails on each time is given up after five tries", async () => {
  const { talk, network, clock, barrage } = await liveChat();
  const one = await talk.send("one");
  await talk.send("two");
  for (let tries = 0; tries < 5; tries++) {
    equal(one.state.status, "sending");
    await network.newest.fail("chat.send", "internal");
    await clock.advance(16_000);
  }
  equal(one.state.status, "failed");
  equal(sentBy(network).at(-1)?.text, "two");
  barrage.close();
});

Deno.test("[C104] a failed message is retried behind those that wait, under its id, or discarded", async () => {
  const { talk, network, barrage } = await liveChat();
  const one = await talk.send("one");
  equal(one.discard(), false, "it may be on its way");
  await network.newest.fail("chat.send", "forbidden");
  const two = await talk.send("two");
  await talk.send("three");
  one.retry();
  await network.newest.fail("chat.send", "forbidden");
  await network.newest.reply("chat.send", ack(4));
  await network.newest.reply("chat.send", ack(5));
  deepEqual(sentBy(network).map(({ text }) => text), ["one", "two", "three", "one"]);
  equal(sentBy(network)[0]?.id, sentBy(network)[3]?.id);
  equal(two.discard(), true);
  deepEqual(shown(talk).slice(3), ["three (sent)", "one (sent)"]);
  equal(talk.view?.failed, 0);
  barrage.close();
});

Deno.test("[C105] over its bounds the outbox refuses, and says so", async () => {
  const limits = { unsentMax: 2, unsentMaxBytes: 3_000, messageMaxBytes: 2_000 };
  const { talk, network, barrage } = await liveChat([delta(3)], { chat: { limits } });
  await rejects(talk.send("x".repeat(2_000)), { reason: "too_large" });
  await talk.send("x".repeat(1_700));
  await rejects(talk.send("y".repeat(1_700)), { reason: "overloaded" });
  await talk.send("two");
  await rejects(talk.send("three"), { reason: "overloaded" });
  equal(shown(talk).length, 5);
  await network.newest.reply("chat.send", ack(4));
  await talk.send("three");
  barrage.close();
});

Deno.test("[C105] what has waited for too long is not sent any more", async () => {
  let now = 1_000;
  const limits = { unsentMaxMs: 60_000 };
  const client = await liveChat([delta(3)], { chat: { limits, now: () => now } });
  const { talk, network, barrage } = client;
  const one = await talk.send("one");
  const two = await talk.send("two");
  now += 60_001;
  await syncAfterReconnect(client);
  equal(one.state.status === "failed" && one.state.error.reason, "expired");
  equal(two.state.status, "failed");
  deepEqual(sentBy(network), []);
  barrage.close();
});

/** Fails when told to. */
class BrokenStore extends MemoryOutboxStore {
  broken = true;

  override put(user: string, kept: KeptMessage): Promise<void> {
    return this.broken ? Promise.reject(new Error("The disk is full")) : super.put(user, kept);
  }
}

Deno.test("[C105] what cannot be kept is not sent", async () => {
  const outbox = new BrokenStore();
  const { talk, network, barrage } = await liveChat([delta(3)], { chat: { outbox } });
  await rejects(talk.send("one"), { reason: "unavailable" });
  outbox.broken = false;
  await talk.send("two");
  deepEqual(sentBy(network).map(({ text }) => text), ["two"]);
  await settle();
  deepEqual(shown(talk).slice(3), ["two (sending)"]);
  barrage.close();
});

Deno.test("[C106] the next program sends what was unsent, in order, and shows what had failed", async () => {
  const outbox = new MemoryOutboxStore();
  const before = await liveChat([delta(3)], { chat: { outbox } });
  await before.talk.send("refused");
  await before.network.newest.fail("chat.send", "forbidden");
  for (const text of ["one", "two", "three"]) await before.talk.send(text);
  await before.network.newest.reply("chat.send", ack(4));
  const ids = sentBy(before.network).map(({ id }) => id);
  before.barrage.close();

  const { talk, network, barrage } = await liveChat([delta(4)], { chat: { outbox } });
  deepEqual(shown(talk).slice(4), ["refused (failed)", "two (sending)", "three (sending)"]);
  deepEqual(sentBy(network).map(({ id }) => id), [ids[2]]);
  await network.newest.reply("chat.send", ack(5));
  await network.newest.reply("chat.send", ack(6));
  deepEqual(sentBy(network).map(({ text }) => text), ["two", "three"]);
  deepEqual((await outbox.load("U1")).map(({ draft }) => draft.text), ["refused"]);
  barrage.close();
});

Deno.test("[C106] one that was stored although its answer got lost is seen once after a reload", async () => {
  const outbox = new MemoryOutboxStore();
  const before = await liveChat([delta(3)], { chat: { outbox } });
  await before.talk.send("one");
  before.barrage.close();
  const stored = message(4, { sender: { id: "U1", name: "Ann" }, text: "one" });
  const now = delta(4, 1, { messages: [...delta(3).messages, stored] });
  const { talk, network, barrage } = await liveChat([now], { chat: { outbox } });
  deepEqual(shown(talk), ["text 1", "text 2", "text 3", "one"]);
  const { key } = talk.messages.at(-1)!;
  await network.newest.reply("chat.send", ack(4));
  deepEqual(shown(talk), ["text 1", "text 2", "text 3", "one"]);
  equal(talk.messages.at(-1)?.key, key);
  barrage.close();
});

/** What it answers it has read before it is let go on. */
class SlowStore extends MemoryOutboxStore {
  #gate: Promise<void> = Promise.resolve();

  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  override async load(user: string): Promise<readonly KeptMessage[]> {
    const left = await super.load(user);
    await this.#gate;
    return left;
  }
}

Deno.test("[C106] what was sent while the store was read is not sent once more", async () => {
  const outbox = new SlowStore();
  const client = await liveChat([delta(3)], { chat: { outbox } });
  const { talk, network, barrage } = client;
  await talk.send("one");
  const release = outbox.hold();
  await syncAfterReconnect(client);
  await network.newest.reply("chat.send", ack(4));
  await network.newest.notify(
    "chat.message",
    message(4, { sender: { id: "U1", name: "Ann" }, text: "one" }),
  );
  release();
  await settle();
  deepEqual(sentBy(network).map(({ text }) => text), ["one"]);
  deepEqual(shown(talk).slice(3), ["one"]);
  barrage.close();
});

Deno.test("[C106] what was written to somebody new is listed after a reload, also when it is refused", async () => {
  const outbox = new MemoryOutboxStore();
  const before = await liveChat([], { chat: { outbox } });
  const opened = before.chat.open("U2");
  await settle();
  await before.network.newest.reply("chat.open", direct(0));
  await (await opened).send("hello?");
  deepEqual(before.chat.conversations.map(({ sending }) => sending), [1]);
  before.barrage.close();

  const { chat, talk, network, barrage } = await liveChat([], { chat: { outbox } });
  await settle();
  deepEqual(network.newest.last("chat.open").params, { to: "U2" });
  await network.newest.reply("chat.open", direct(0));
  await network.newest.fail("chat.send", "blocked");
  deepEqual(shown(talk), ["hello? (failed)"]);
  deepEqual(chat.conversations.map(({ title, failed }) => [title, failed]), [["Ben", 1]]);
  barrage.close();
});

Deno.test("[C109] ids grow also when the clock stands or goes back, and go on behind those that were kept", () => {
  const times = [5_000, 5_000, 4_000, 6_000];
  const ids = new Ulids(() => times.shift() ?? 6_000);
  const made = Array.from({ length: 20 }, () => ids.next());
  deepEqual(made, made.toSorted());
  equal(new Set(made).size, 20);
  ids.follow("7ZZZZZZZZZAAAAAAAAAAAAAAZZ");
  equal(ids.next(), "7ZZZZZZZZZAAAAAAAAAAAAAB00");
  ok(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(made[0]!));
});
