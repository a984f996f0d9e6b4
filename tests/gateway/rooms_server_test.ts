import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { json } from "protocol/json.ts";
import { msgpack } from "protocol/msgpack.ts";
import type { NotificationParams } from "protocol/methods.ts";
import type { Joined } from "protocol/rooms.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

type RoomFrame = NotificationParams<"room.frame">;

const UNKNOWN = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

let server: Server;
let owner: HttpClient & { readonly token: string };

Deno.test.beforeAll(async () => {
  server = await startServer({ TICK_MS: 20 });
  owner = await HttpClient.guest(server.url, "Olga");
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function join(token: string, room: string, codec = json): Promise<SocketClient> {
  const client = await SocketClient.greet(server.socketUrl, token, { codec });
  await client.call("room.join", { room });
  return client;
}

/** Reads frames up to and including the one with this text; what it returns are all items on the way. */
async function until(client: SocketClient, text: string, room?: string): Promise<RoomFrame["items"]> {
  const items: RoomFrame["items"] = [];
  const ofRoom = (frame: RoomFrame) => room === undefined || frame.room === room;
  while (!items.some((item) => item.text === text)) {
    items.push(...(await client.next("room.frame", ofRoom)).items);
  }
  return items;
}

async function texts(client: SocketClient, last: string, room?: string): Promise<string[]> {
  return (await until(client, last, room)).map(({ text }) => text);
}

Deno.test("[G40] what is said comes to every viewer, the speaker included, with the same values in both codecs", async () => {
  const { id: room } = await owner.room();
  const { token } = await HttpClient.guest(server.url, "Bob 弹幕 😀");
  await using speaker = await join(token, room);
  await using viewer = await join(owner.token, room, msgpack);
  const style = { color: "#33ccff", position: "top" };
  deepEqual(await speaker.call("room.say", { room, text: "你好 😀", style }), { accepted: true });
  const withItems = ({ items }: RoomFrame) => items.length > 0;
  const seen = await speaker.next("room.frame", withItems);
  deepEqual(await viewer.next("room.frame", withItems), seen);
  const [item] = seen.items;
  deepEqual([item?.user.name, item?.text, item?.style, item?.count], ["Bob 弹幕 😀", "你好 😀", style, 1]);
  deepEqual([seen.room, seen.from, seen.to], [room, 1, 1]);
});

Deno.test("[G41] a room that was not joined can neither be said to, left, paused nor unpaused", async () => {
  const { id: room } = await owner.room();
  await using client = await SocketClient.greet(server.socketUrl, owner.token);
  await rejects(client.call("room.say", { room, text: "hi" }), { reason: "conflict" });
  for (const method of ["room.leave", "room.pause", "room.unpause"]) {
    await rejects(client.call(method, { room }), { reason: "conflict" });
  }
});

Deno.test("[G42] text is cleaned of what would break out of its line before anybody sees it", async () => {
  const { id: room } = await owner.room();
  await using client = await join(owner.token, room);
  const dirty: [string, string][] = [
    ["a\u0000b\u001b[31m", "ab[31m"],
    ["\u202eevil\u202c", "evil"],
    ["zero\u200bwidth", "zerowidth"],
    ["line\r\nbreak", "line break"],
    ["lone\ud800surrogate", "lonesurrogate"],
    [`zalgo${"\u0336".repeat(20)}`, `zalgo${"\u0336".repeat(4)}`],
    ["e\u0301", "\u00e9"],
    ["  trimmed  ", "trimmed"],
    ["👨‍👩‍👧", "👨‍👩‍👧"],
  ];
  for (const [said, shown] of dirty) {
    // As an escape: a lone surrogate has no form in UTF-8.
    const text = JSON.stringify(said);
    client.sendRaw(`{"jsonrpc":"2.0","id":1,"method":"room.say","params":{"room":"${room}","text":${text}}}`);
    equal((await client.reply(1)).error, undefined, said);
    equal((await texts(client, shown.normalize("NFC"))).at(-1), shown.normalize("NFC"));
  }
});

Deno.test("[G42] text that is empty, invisible or too long is refused", async () => {
  const { id: room } = await owner.room();
  await using client = await join(owner.token, room);
  for (
    const text of ["", "   ", "\u200b\u202e", "\u0000", "x".repeat(201), "😀".repeat(201), "x".repeat(5_000)]
  ) {
    await rejects(client.call("room.say", { room, text }), { reason: "invalid_params", path: "params.text" });
  }
  await client.call("room.say", { room, text: "😀".repeat(200) });
});

Deno.test("[G43] a room may allow less than the server", async () => {
  const { id: room } = await owner.room({ textMax: 5, sayBurst: 2, sayPerSecond: 0.05 });
  await using client = await join(owner.token, room);
  await rejects(client.call("room.say", { room, text: "sixsix" }), {
    reason: "invalid_params",
    path: "params.text",
  });
  await client.call("room.say", { room, text: "one" });
  await client.call("room.say", { room, text: "two" });
  await rejects(
    client.call("room.say", { room, text: "three" }),
    (error: { reason: string; retryAfterMs: number }) => {
      equal(error.reason, "rate_limited");
      ok(error.retryAfterMs > 0 && error.retryAfterMs <= 20_000);
      return true;
    },
  );
});

Deno.test("[G43] guests may be kept from speaking, the owner may not", async () => {
  const { id: room } = await owner.room({ guestsMaySay: false });
  await using viewer = await join((await HttpClient.guest(server.url)).token, room);
  await rejects(viewer.call("room.say", { room, text: "hi" }), { reason: "forbidden" });
  await using speaker = await join(owner.token, room);
  await speaker.call("room.say", { room, text: "hi" });
});

Deno.test("[G44] an unknown room is not_found, an ended or deleted one is gone", async () => {
  await using client = await SocketClient.greet(server.socketUrl, owner.token);
  await rejects(client.call("room.join", { room: UNKNOWN }), { reason: "not_found" });
  const ended = await owner.room();
  equal((await owner.patch(`/v1/rooms/${ended.id}`, { state: "ended" })).status, 200);
  await rejects(client.call("room.join", { room: ended.id }), { reason: "gone" });
  const deleted = await owner.room();
  equal((await owner.delete(`/v1/rooms/${deleted.id}`)).status, 204);
  await rejects(client.call("room.join", { room: deleted.id }), { reason: "gone" });
  await server.metricIs("barrage_watched_rooms", (rooms) => rooms <= 8);
});

Deno.test("[G45] who joins again has one seat and sees every item once", async () => {
  const { id: room } = await owner.room();
  await using client = await join(owner.token, room);
  await client.call("room.say", { room, text: "one" });
  await until(client, "one");
  const joined = await client.call<Joined>("room.join", { room });
  deepEqual(joined.recent.map(({ text }) => text), ["one"]);
  await client.call("room.say", { room, text: "two" });
  await client.call("room.say", { room, text: "three" });
  deepEqual(await texts(client, "three"), ["two", "three"]);
});

Deno.test("[G45] who resumes gets what was missed and then what comes", async () => {
  const { id: room } = await owner.room();
  await using speaker = await join(owner.token, room);
  await speaker.call("room.say", { room, text: "one" });
  await using viewer = await SocketClient.greet(server.socketUrl, owner.token);
  const { epoch, offset } = await viewer.call<Joined>("room.join", { room });
  await viewer.call("room.leave", { room });
  for (const text of ["two", "three"]) await speaker.call("room.say", { room, text });
  const resumed = await viewer.call<Joined>("room.join", { room, resume: { epoch, offset } });
  deepEqual([resumed.recovered, resumed.recent.map(({ text }) => text)], [true, ["two", "three"]]);
  await speaker.call("room.say", { room, text: "four" });
  deepEqual(await texts(viewer, "four"), ["four"]);
});

Deno.test("[G46] after leaving, nothing more comes and nothing can be said", async () => {
  const { id: room } = await owner.room();
  await using speaker = await join(owner.token, room);
  await using viewer = await join(owner.token, room);
  await viewer.call("room.leave", { room });
  await rejects(viewer.call("room.say", { room, text: "hi" }), { reason: "conflict" });
  await rejects(viewer.call("room.leave", { room }), { reason: "conflict" });
  await speaker.call("room.say", { room, text: "one" });
  await until(speaker, "one");
  await viewer.call("session.ping");
  ok(!viewer.inbox.some((message) => "method" in message && (message.params as RoomFrame).items.length > 0));
});

Deno.test("[G47] a paused viewer gets no items, and on coming back the exact count of what was missed", async () => {
  const { id: room } = await owner.room();
  await using speaker = await join(owner.token, room);
  await using viewer = await join(owner.token, room);
  await speaker.call("room.say", { room, text: "before" });
  await until(viewer, "before");
  await viewer.call("room.pause", { room });
  await viewer.call("room.pause", { room });
  for (let n = 0; n < 7; n++) await speaker.call("room.say", { room, text: `missed ${n % 3}` });
  await until(speaker, "missed 2");
  await speaker.call("room.say", { room, text: "last missed" });
  await until(speaker, "last missed");
  await viewer.call("room.unpause", { room });
  await speaker.call("room.say", { room, text: "after" });
  const frames: RoomFrame[] = [];
  while (!frames.some(({ items }) => items.some(({ text }) => text === "after"))) {
    frames.push(await viewer.next("room.frame"));
  }
  deepEqual(frames.flatMap(({ items }) => items.map(({ text }) => text)), ["after"]);
  equal(frames.reduce((sum, { dropped }) => sum + (dropped?.say ?? 0), 0), 8);
});

Deno.test("[G47] a paused viewer is told now and then how much it misses", async () => {
  const { id: room } = await owner.room();
  await using speaker = await join(owner.token, room);
  await using viewer = await join(owner.token, room);
  await viewer.call("room.pause", { room });
  await speaker.call("room.say", { room, text: "missed" });
  const deadline = AbortSignal.timeout(10_000);
  const summary = await viewer.next("room.frame", ({ dropped }) => dropped !== undefined, deadline);
  deepEqual([summary.items, summary.dropped, summary.from, summary.to], [[], { say: 1 }, 2, 1]);
});

Deno.test("[G48] one socket carries many rooms, and each frame says whose it is", async () => {
  const rooms = await Promise.all(Array.from({ length: 20 }, async () => (await owner.room()).id));
  await using client = await SocketClient.greet(server.socketUrl, owner.token);
  for (const room of rooms) await client.call("room.join", { room });
  await Promise.all(rooms.map((room) => client.call("room.say", { room, text: `in ${room}` })));
  for (const room of rooms) deepEqual(await texts(client, `in ${room}`, room), [`in ${room}`]);
});

Deno.test("[G49] calls need not wait for each other: join and says sent at once run in their order", async () => {
  const { id: room } = await owner.room();
  await using client = await SocketClient.greet(server.socketUrl, owner.token);
  const said = Array.from({ length: 15 }, (_, n) => `line ${n}`);
  client.send({ jsonrpc: "2.0", id: "join", method: "room.join", params: { room } });
  for (const text of said) {
    client.send({ jsonrpc: "2.0", id: text, method: "room.say", params: { room, text } });
  }
  for (const text of said) equal((await client.reply(text)).error, undefined);
  // Those that came before the room answered the join are in the answer.
  const joined = (await client.reply("join")).result as Joined;
  const seen = joined.recent.map(({ text }) => text);
  if (!seen.includes("line 14")) seen.push(...await texts(client, "line 14"));
  deepEqual(seen, said);
});

Deno.test("[G49] a say with the id of an earlier one is accepted and shown once", async () => {
  const { id: room } = await owner.room();
  await using client = await join(owner.token, room);
  await Promise.all(
    Array.from({ length: 3 }, () => client.call("room.say", { room, text: "once", id: "m1" })),
  );
  await client.call("room.say", { room, text: "once", id: "m1" });
  await client.call("room.say", { room, text: "end" });
  const items = await until(client, "end");
  deepEqual(items.map(({ text, count }) => [text, count]), [["once", 1], ["end", 1]]);
});

Deno.test("[G50] the end of a room is told to viewers, paused ones too, and ends speaking", async () => {
  const { id: room } = await owner.room();
  await using viewer = await join(owner.token, room);
  await using paused = await join(owner.token, room);
  await paused.call("room.pause", { room });
  await owner.patch(`/v1/rooms/${room}`, { state: "ended" });
  for (const client of [viewer, paused]) {
    equal((await client.next("room.frame", ({ state }) => state !== undefined)).state, "ended");
  }
  await rejects(viewer.call("room.say", { room, text: "too late" }), { reason: "gone" });
});

Deno.test("[G51] the number of viewers is counted once per seat and told to all", async () => {
  const { id: room } = await owner.room();
  await using first = await join(owner.token, room);
  const second = await join(owner.token, room);
  await first.next("room.frame", ({ live }) => live?.online === 2);
  equal((await owner.get<{ online: number }>(`/v1/rooms/${room}`)).body.online, 2);
  await second[Symbol.asyncDispose]();
  await first.next("room.frame", ({ live }) => live?.online === 1);
});
