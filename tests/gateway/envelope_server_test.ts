import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import { msgpack } from "protocol/msgpack.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { type ReplyMessage, SocketClient } from "tests/support/socket_client.ts";

const ROOM = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
const FRAME_MAX_BYTES = 4_096;

let server: Server;
let token: string;

Deno.test.beforeAll(async () => {
  server = await startServer({ FRAME_MAX_BYTES });
  token = (await HttpClient.guest(server.url)).token;
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** The error for a frame; then a ping shows that the socket is still good. */
async function errorOf(client: SocketClient, frame: string | Uint8Array, id: string | number | null = null) {
  client.sendRaw(frame);
  const { error } = await client.reply(id);
  ok(error !== undefined);
  await client.call("session.ping");
  return error;
}

Deno.test("[G10] what is not JSON is a parse error without an id and without the text", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  for (const text of ["", " ", "SECRET", '{"id":1', "[1,", '{"a":"\u0001"}', "{'a':1}", "NaN", "undefined"]) {
    const error = await errorOf(client, text);
    equal(error.code, -32700);
    equal(error.data.reason, "parse");
    ok(!error.message.includes("SECRET"));
  }
});

Deno.test("[G10] what is not MessagePack is a parse error without an id", async () => {
  await using client = await SocketClient.open(server.socketUrl, { codec: msgpack });
  const valid = encode({ jsonrpc: "2.0", id: 1, method: "session.ping" });
  const trailing = new Uint8Array([...valid, 0]);
  const broken = [
    new Uint8Array(),
    new Uint8Array([0xc1]),
    valid.subarray(0, 9),
    trailing,
    // A map that claims four billion entries.
    new Uint8Array([0xdf, 0xff, 0xff, 0xff, 0xff]),
    // An extension, and a map with a number for a key.
    new Uint8Array([0xd4, 0x01, 0x00]),
    new Uint8Array([0x81, 0x01, 0x02]),
  ];
  for (const frame of broken) equal((await errorOf(client, frame)).data.reason, "parse");
});

Deno.test("[G11] an envelope that is not JSON-RPC 2.0 is invalid_request and names what is wrong", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  const wrong: [object, string | number | null, string | undefined][] = [
    [{ id: 1, method: "session.ping" }, 1, "jsonrpc"],
    [{ jsonrpc: "1.0", id: 2, method: "session.ping" }, 2, "jsonrpc"],
    [{ jsonrpc: "2.0", id: 3 }, 3, "method"],
    [{ jsonrpc: "2.0", id: 4, method: 7 }, 4, "method"],
    [{ jsonrpc: "2.0", id: "e", method: "session.ping", params: [1] }, "e", "params"],
    [{ jsonrpc: "2.0", id: "f", method: "session.ping", params: "x" }, "f", "params"],
    [{ jsonrpc: "2.0", id: null, method: "session.ping" }, null, "id"],
    [{ jsonrpc: "2.0", id: 1.5, method: "session.ping" }, null, "id"],
    [{ jsonrpc: "2.0", id: {}, method: "session.ping" }, null, "id"],
    [{ jsonrpc: "2.0", id: "x".repeat(65), method: "session.ping" }, null, "id"],
  ];
  for (const [envelope, id, path] of wrong) {
    const error = await errorOf(client, JSON.stringify(envelope), id);
    equal(error.code, -32600);
    equal(error.data.path, path, JSON.stringify(envelope));
  }
});

Deno.test("[G11] a frame that holds no object is invalid_request", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  for (const text of ["1", '"x"', "null", "true"]) {
    equal((await errorOf(client, text)).data.reason, "invalid_request");
  }
});

Deno.test("[G12] unknown methods are unknown_method, whatever objects inherit", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  for (const method of ["nope", "constructor", "toString", "hasOwnProperty", "room", "room.", "ROOM.JOIN"]) {
    await rejects(client.call(method), { reason: "unknown_method" });
  }
});

Deno.test("[G12] verbs that are not for clients are unknown methods: nobody can kick or pass for a node", async () => {
  await using client = await SocketClient.greet(server.socketUrl, token);
  for (
    const method of ["session.kick", "room.tick", "room.trim", "room.attend", "room.remove", "room.create"]
  ) {
    await rejects(client.call(method, { room: ROOM }), { reason: "unknown_method" });
  }
});

Deno.test("[G13] wrong params name the failing path and do not repeat the value", async () => {
  await using client = await SocketClient.greet(server.socketUrl, token);
  const say = { room: ROOM, text: "hi" };
  const wrong: [string, object, string][] = [
    ["session.hello", { token: 7 }, "params.token"],
    ["session.hello", { token: "" }, "params.token"],
    ["session.ping", { extra: 1 }, "params.extra"],
    ["room.join", {}, "params.room"],
    ["room.join", { room: "lobby" }, "params.room"],
    ["room.join", { room: ROOM, resume: { epoch: -1, offset: 0 } }, "params.resume.epoch"],
    ["room.join", { room: ROOM, resume: { epoch: 1 } }, "params.resume.offset"],
    ["room.join", { room: ROOM, resume: { epoch: 1, offset: 2 ** 53 } }, "params.resume.offset"],
    ["room.say", { room: ROOM }, "params.text"],
    ["room.say", { ...say, text: ["SECRET"] }, "params.text"],
    ["room.say", { ...say, id: "" }, "params.id"],
    ["room.say", { ...say, id: "a b" }, "params.id"],
    ["room.say", { ...say, id: "x".repeat(65) }, "params.id"],
    ["room.say", { ...say, style: { color: "SECRET" } }, "params.style.color"],
    ["room.say", { ...say, style: { position: "left" } }, "params.style.position"],
    ["room.say", { ...say, style: { size: 9 } }, "params.style.size"],
    ["room.say", { ...say, user: { id: ROOM } }, "params.user"],
  ];
  for (const [method, params, path] of wrong) {
    await rejects(client.call(method, params), (error: { reason: string; path: string; message: string }) => {
      equal(error.reason, "invalid_params");
      equal(error.path, path);
      ok(!error.message.includes("SECRET"));
      return true;
    });
  }
});

Deno.test("[G14] a __proto__ key is a parse error in both codecs and pollutes nothing", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  const polluted = '{"jsonrpc":"2.0","id":1,"method":"session.ping","params":{"__proto__":{"x":1}}}';
  equal((await errorOf(client, polluted)).data.reason, "parse");
  equal((await errorOf(client, polluted.replace("__proto__", "\\u005f_proto__"))).data.reason, "parse");
  await using binary = await SocketClient.open(server.socketUrl, { codec: msgpack });
  const frame = encode({ ["__proto__x"]: 1 });
  // The same key without its last letter: one byte less, and the length says so.
  const key = new Uint8Array([frame[0]!, frame[1]! - 1, ...frame.subarray(2, 11), frame[12]!]);
  equal((await errorOf(binary, key)).data.reason, "parse");
});

Deno.test("[G14] a deeply nested frame is a parse error in both codecs", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  const deep = "[".repeat(2_000) + "]".repeat(2_000);
  equal((await errorOf(client, deep)).data.reason, "parse");
  await using binary = await SocketClient.open(server.socketUrl, { codec: msgpack });
  equal((await errorOf(binary, new Uint8Array(4_000).fill(0x91))).data.reason, "parse");
});

Deno.test("[G15] a frame of the largest size is read, one byte more closes the socket with 4403", async () => {
  for (const character of ["x", "弹", "😀"]) {
    await using client = await SocketClient.open(server.socketUrl);
    const frame = (bytes: number) => {
      const empty = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "nope", params: { x: "" } });
      const [before = "", after = ""] = empty.split('""').map((part) => `${part}"`);
      const left = bytes - empty.length;
      const each = new TextEncoder().encode(character).length;
      const text = character.repeat(Math.floor(left / each)) + "y".repeat(left % each);
      return `${before}${text}"${after.slice(0, -1)}`;
    };
    client.sendRaw(frame(FRAME_MAX_BYTES));
    equal((await client.reply(1)).error?.data.reason, "unknown_method");
    client.sendRaw(frame(FRAME_MAX_BYTES + 1));
    equal((await client.next("session.closing")).reason, "frame_too_large");
    equal((await client.closed).code, 4403);
  }
});

Deno.test("[G15] a frame of several megabytes closes one socket and harms nobody else", async () => {
  await using other = await SocketClient.open(server.socketUrl);
  await using client = await SocketClient.open(server.socketUrl, { codec: msgpack });
  client.sendRaw(new Uint8Array(8_000_000));
  equal((await client.closed).code, 4403);
  await other.call("session.ping");
});

Deno.test("[G16] a text frame on a MessagePack socket and bytes on a JSON socket are parse errors", async () => {
  await using text = await SocketClient.open(server.socketUrl);
  match((await errorOf(text, encode({ jsonrpc: "2.0", id: 1, method: "session.ping" }))).message, /JSON/);
  await using binary = await SocketClient.open(server.socketUrl, { codec: msgpack });
  match((await errorOf(binary, '{"jsonrpc":"2.0","id":1,"method":"session.ping"}')).message, /MessagePack/);
});

Deno.test("[G17] replies nobody asked for are not answered", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  client.send({ jsonrpc: "2.0", id: 1, result: {} });
  client.send({ jsonrpc: "2.0", id: 2, error: { code: 1, message: "x" } });
  await client.call("session.ping");
  deepEqual(client.inbox, []);
});

Deno.test("[G18] an id that is still in flight is invalid_request, and the first call is answered", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  // One frame, so that the second is read before the first can be answered.
  client.send([
    { jsonrpc: "2.0", id: 7, method: "session.hello", params: { token } },
    { jsonrpc: "2.0", id: 7, method: "session.ping" },
  ]);
  const [refused, greeted] = await client.batch();
  deepEqual([refused?.id, refused?.error?.data.reason, refused?.error?.data.path], [
    7,
    "invalid_request",
    "id",
  ]);
  deepEqual([greeted?.id, greeted?.error], [7, undefined]);
  client.send({ jsonrpc: "2.0", id: 7, method: "session.ping" });
  ok((await client.reply(7)).result !== undefined, "an answered id may be used again");
});

Deno.test("[G18] the number 1 and the string 1 are different ids", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  client.send({ jsonrpc: "2.0", id: 1, method: "session.hello", params: { token } });
  client.send({ jsonrpc: "2.0", id: "1", method: "session.ping" });
  ok((await client.reply("1")).result !== undefined);
  ok((await client.reply(1)).result !== undefined);
});

Deno.test("[G19] notifications are never answered, not even with an error", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  client.notify("session.ping");
  client.notify("nope");
  client.notify("room.join", { room: ROOM });
  client.notify("session.hello", { token: 7 });
  await client.call("session.ping");
  deepEqual(client.inbox, []);
});

Deno.test("[G19] a notification has its effect", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  client.notify("session.hello", { token });
  await rejects(client.call("session.hello", { token }), { reason: "conflict" });
});

Deno.test("[G20] a mixed batch is answered in one batch that holds every call and no notification", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  client.send([
    { jsonrpc: "2.0", id: 1, method: "session.ping" },
    { jsonrpc: "2.0", method: "session.ping" },
    { jsonrpc: "2.0", id: 2, method: "nope" },
    { jsonrpc: "2.0", id: 3, method: "room.join", params: {} },
    { jsonrpc: "2.0", id: 4, result: {} },
    7,
    { jsonrpc: "2.0", id: 5, method: "session.hello", params: { token } },
  ]);
  const outcomes = (await client.batch()).map(({ id, error }: ReplyMessage) => `${id} ${error?.data.reason}`);
  deepEqual(outcomes.sort(), [
    "1 undefined",
    "2 unknown_method",
    "3 invalid_params",
    "5 undefined",
    "null invalid_request",
  ]);
});

Deno.test("[G20] a batch of nothing but notifications is not answered", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  client.send([{ jsonrpc: "2.0", method: "session.ping" }, { jsonrpc: "2.0", method: "nope" }]);
  await client.call("session.ping");
  deepEqual(client.inbox, []);
});

Deno.test("[G20] sixteen calls make a batch; none, seventeen and a batch in a batch do not", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  const pings = (n: number) =>
    Array.from({ length: n }, (_, id) => ({ jsonrpc: "2.0", id, method: "session.ping" }));
  client.send(pings(16));
  equal((await client.batch()).filter(({ result }) => result !== undefined).length, 16);
  equal((await errorOf(client, "[]")).data.reason, "invalid_request");
  equal((await errorOf(client, JSON.stringify(pings(17)))).data.reason, "invalid_request");
  client.send([pings(1)]);
  deepEqual((await client.batch()).map(({ id, error }) => [id, error?.data.reason]), [[
    null,
    "invalid_request",
  ]]);
});

Deno.test("[G21] more than twenty frames that make no sense close the socket with 4400", async () => {
  for (const nonsense of ["{", '{"jsonrpc":"2.0","id":1,"result":1}', '{"id":1}']) {
    await using client = await SocketClient.open(server.socketUrl);
    for (let i = 0; i < 20; i++) client.sendRaw(nonsense);
    await client.call("session.ping");
    client.sendRaw(nonsense);
    equal((await client.next("session.closing")).reason, "bad_protocol");
    equal((await client.closed).code, 4400);
  }
});

Deno.test("[G21] calls that are refused are no frames without sense", async () => {
  await using client = await SocketClient.open(server.socketUrl);
  for (let i = 0; i < 40; i++) await rejects(client.call("nope"), { reason: "unknown_method" });
});
