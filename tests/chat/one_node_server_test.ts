import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Conversation, GroupSummary, History, Sent } from "protocol/chat.ts";
import { msgpack } from "protocol/msgpack.ts";
import { type Device, Person } from "tests/support/chatter.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

function register(count: number): Promise<Person[]> {
  return Promise.all(Array.from({ length: count }, () => Person.register(server)));
}

async function meet(): Promise<readonly [Person, Person]> {
  return await register(2) as [Person, Person];
}

/** After a call that comes behind it, what was told before has arrived. */
async function settled(device: Device): Promise<readonly { readonly method?: string }[]> {
  await device.socket.call("session.ping");
  return device.socket.inbox as { method?: string }[];
}

Deno.test("[J60] what is sent reaches every live socket of both, the sender's other device too, in both codecs", async () => {
  const [ann, ben] = await meet();
  await using a1 = await ann.live(server);
  await using a2 = await ann.live(server, { codec: msgpack });
  await using b1 = await ben.live(server);
  const { conversation, seq } = await a1.send(ben, "hello");
  equal(seq, 1);
  for (const device of [a1, a2, b1]) await device.has(conversation, "hello");
  await b1.send(conversation, "hi");
  for (const device of [a1, a2, b1]) await device.has(conversation, "hi");
  for (const device of [a1, a2, b1]) deepEqual(device.texts(conversation), ["hello", "hi"]);
  deepEqual(a1.notebook.messages(conversation), a2.notebook.messages(conversation));
  equal(await server.metric("barrage_chat_sockets") >= 3, true);
});

Deno.test("[J60] a socket that has not synced is told of nothing in chat", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  await using b = await ben.connect(server);
  await using live = await ben.live(server);
  const { conversation } = await a.send(ben, "hello");
  await live.has(conversation, "hello");
  deepEqual(await settled(b), []);
  await b.sync();
  deepEqual(b.texts(conversation), ["hello"]);
});

Deno.test("[J80] messages sent without waiting stand in the order sent", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  const texts = Array.from({ length: 15 }, (_, n) => `line ${n}`);
  await using b = await ben.live(server);
  const { conversation } = await b.send(ann, "first");
  const acks = await Promise.all(texts.map((text) => a.send(conversation, text)));
  deepEqual(acks.map(({ seq }) => seq), texts.map((_, n) => n + 2));
  await b.has(conversation, texts.at(-1)!);
  deepEqual(b.texts(conversation), ["first", ...texts]);
});

Deno.test("[J80] a retry is answered with the place of the first try, and an edit and a recall reach everybody", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  await using b = await ben.live(server);
  const sent = await a.send(ben, "hello", "same");
  deepEqual(await a.send(ben, "hello", "same"), sent);
  const { conversation, seq } = sent;
  await b.has(conversation, "hello");
  await a.socket.call("chat.edit", { conversation, seq, text: "hallo" });
  await b.has(conversation, "hallo");
  await a.socket.call("chat.recall", { conversation, seq });
  await b.until((notebook) => notebook.messages(conversation)[0]?.kind === "recalled", "the recall");
  await using later = await ben.live(server);
  deepEqual(later.texts(conversation), ["recalled"]);
});

Deno.test("[J64] whoever is removed from a group gets what was said until then, on all his devices, and nothing after", async () => {
  const [ann, ben, zoe] = await register(3) as [Person, Person, Person];
  await using a = await ann.live(server);
  await using b1 = await ben.live(server);
  await using b2 = await ben.live(server);
  await using z = await zoe.live(server);
  const group = await a.group([b1, z]);
  await a.send(group, "before");
  for (const device of [b1, b2, z]) await device.has(group, "before");
  await a.socket.call("chat.remove", { conversation: group, user: ben.id });
  await a.send(group, "after");
  await z.has(group, "after");
  for (const device of [b1, b2]) {
    await device.until((notebook) => notebook.states.get(group) === "gone", "that he is out");
    await settled(device);
    equal(device.texts(group).at(-2), "before");
    equal(device.notebook.messages(group).at(-1)?.kind, "change");
    await rejects(device.send(group, "me too"), { reason: "forbidden" });
  }
  await a.socket.call("chat.invite", { conversation: group, users: [ben.id] });
  await b1.until((notebook) => notebook.states.get(group) === "invited", "the invitation");
  await b1.socket.call("chat.join", { conversation: group });
  await a.send(group, "again");
  for (const device of [b1, b2]) await device.has(group, "again");
  ok(!b1.texts(group).includes("after"));
});

Deno.test("[J65] who is writing is shown to the other one, once in three seconds, and never to whom he blocks", async () => {
  const [ann, ben] = await meet();
  await using a1 = await ann.live(server);
  await using a2 = await ann.live(server);
  await using b = await ben.live(server);
  const { conversation } = await a1.send(ben, "hello");
  for (const device of [a1, a2, b]) await device.has(conversation, "hello");
  for (let n = 0; n < 3; n++) await a1.socket.call("chat.typing", { conversation });
  const { user, forMs } = await b.socket.next("chat.typing");
  deepEqual([user.id, forMs], [ann.id, 5_000]);
  await b.socket.call("chat.block", { conversation, blocked: true });
  await b.socket.call("chat.typing", { conversation });
  await b.socket.call("chat.block", { conversation, blocked: false });
  await b.send(conversation, "end");
  for (const device of [a1, a2, b]) {
    await device.has(conversation, "end");
    deepEqual((await settled(device)).filter(({ method }) => method === "chat.typing"), []);
  }
});

Deno.test("[J73] presence comes and goes with the sockets that chat, and not for who is blocked", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  const watch = async () =>
    (await a.socket.call<{ users: { online: boolean }[] }>("chat.presence", { users: [ben.id] })).users;
  equal((await watch())[0]?.online, false);
  await using _viewer = await ben.connect(server);
  await using b = await ben.live(server);
  deepEqual(await a.socket.next("chat.presence"), { user: ben.id, online: true });
  equal((await watch())[0]?.online, true);
  await b.socket.call("chat.block", { to: ann.id, blocked: true });
  deepEqual(await a.socket.next("chat.presence"), { user: ben.id, online: false });
  equal((await watch())[0]?.online, false);
  for (let n = 0; n < 3; n++) await watch().catch(() => {});
  await rejects(watch(), { reason: "rate_limited" });
});

Deno.test("[J81] what one reads and sets on one device, the others are told; a direct conversation shows how far the other one has read", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  await using b1 = await ben.live(server);
  await using b2 = await ben.live(server);
  const { conversation } = await a.send(ben, "hello");
  for (const device of [a, b1, b2]) await device.has(conversation, "hello");
  equal(b1.notebook.conversations.get(conversation)?.unread, 1);
  await b1.socket.call("chat.read", { conversation, seq: 1 });
  for (const device of [a, b2]) {
    const { user, readSeq } = await device.socket.next("chat.read");
    deepEqual([user, readSeq], [ben.id, 1]);
  }
  await b1.socket.call("chat.settings", { conversation, muted: true });
  equal((await b2.socket.next("chat.settings")).muted, true);
  deepEqual((await settled(a)).filter(({ method }) => method === "chat.settings"), []);
  await b2.sync();
  equal((await b2.socket.call<Conversation>("chat.open", { conversation })).unread, 0);
});

Deno.test("[J82] groups are found, looked at and joined by number, title and link, and their members listed", async () => {
  const [ann, ben, zoe] = await register(3) as [Person, Person, Person];
  await using a = await ann.live(server);
  await using b = await ben.live(server);
  await using z = await zoe.live(server);
  const title = `Finders ${ann.id}`;
  const group = await a.group([], { title, join: "approval" });
  const { groups } = await b.socket.call<{ groups: GroupSummary[] }>("chat.find", {
    title: title.slice(0, 20),
  });
  const found = groups.find(({ id }) => id === group);
  deepEqual(found, { id: group, title, join: "approval", members: 1, number: found?.number });
  const byNumber = await b.socket.call<{ groups: GroupSummary[] }>("chat.find", { number: found?.number });
  deepEqual(byNumber.groups, [found]);
  deepEqual(await b.socket.call("chat.join", { conversation: group }), { state: "asked" });
  equal((await a.socket.next("chat.asked")).user.id, ben.id);
  await a.socket.call("chat.approve", { conversation: group, user: ben.id });
  await b.until((notebook) => notebook.states.get(group) === "member", "the approval");
  const { link } = await a.socket.call("chat.link", { conversation: group });
  equal((await z.socket.call<{ state: string }>("chat.join", { conversation: group, link })).state, "member");
  const { members } = await a.socket.call<{ members: { user: { id: string } }[] }>("chat.members", {
    conversation: group,
  });
  deepEqual(members.map(({ user }) => user.id).sort(), [ann.id, ben.id, zoe.id].sort());
  await rejects(a.socket.call("chat.find", {}), { reason: "invalid_params" });
});

Deno.test("[J83] guests chat with nobody and are told of nothing", async () => {
  const guest = await HttpClient.guest(server.url);
  const [ann] = await meet();
  await using socket = await SocketClient.greet(server.socketUrl, guest.token);
  const calls = [
    ["chat.sync", { since: {} }],
    ["chat.send", { to: ann.id, id: "x", text: "hello" }],
    ["chat.presence", { users: [ann.id] }],
    ["chat.find", { title: "Group" }],
  ] as const;
  for (const [method, params] of calls) await rejects(socket.call(method, params), { reason: "forbidden" });
});

Deno.test("[J84] over HTTP one lists conversations, sends and reads as over the socket", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  await using b = await ben.live(server);
  const { conversation } = await a.send(ben, "hello");
  await b.send(conversation, "hi");
  const http = ben.http(server);
  const path = `/v1/conversations/${conversation}/messages`;
  const said = { text: "by HTTP", id: "one" };
  const { status, body: sent } = await http.post<Sent>(path, said);
  deepEqual([status, sent.seq], [201, 3]);
  deepEqual((await http.post<Sent>(path, said)).body, sent);
  await a.has(conversation, "by HTTP");
  const texts = async (query: string) => {
    const { body } = await http.get<History>(`${path}${query}`);
    return body.messages.map((message) => message.kind === "sent" ? message.text : message.kind);
  };
  deepEqual(await texts(""), ["hello", "hi", "by HTTP"]);
  deepEqual(await texts("?limit=1"), ["by HTTP"]);
  deepEqual(await texts("?after=1"), ["hi", "by HTTP"]);
  deepEqual(await texts("?before=3&limit=1"), ["hi"]);
  equal((await http.get(`${path}?before=3&after=1`)).status, 422);
  const { body: list } = await http.get<{ conversations: Conversation[]; next?: string }>(
    "/v1/conversations",
  );
  deepEqual(list.conversations.map(({ id, unread }) => [id, unread]), [[conversation, 1]]);
  equal(list.next, undefined);
  const [zoe] = await meet();
  equal((await zoe.http(server).get(path)).status, 403);
  equal((await zoe.http(server).post(path, said)).status, 403);
});

Deno.test("[J84] the list of conversations comes in pages, each conversation once", async () => {
  const [ann, ...others] = await register(6) as [Person, ...Person[]];
  await using a = await ann.live(server);
  const ids = await Promise.all(others.map(async (other) => (await a.send(other, "hello")).conversation));
  const seen: string[] = [];
  let after = "";
  do {
    const { body } = await ann.http(server).get<{ conversations: Conversation[]; next?: string }>(
      `/v1/conversations?limit=2${after}`,
    );
    seen.push(...body.conversations.map(({ id }) => id));
    after = body.next === undefined ? "" : `&after=${body.next}`;
  } while (after !== "");
  deepEqual(seen, [...ids].sort());
});

Deno.test("[J85] an account takes along what it is, where it is signed in, and everything it has sent, also where it is no member any more", async () => {
  const [ann, ben] = await meet();
  await using a = await ann.live(server);
  await using b = await ben.live(server);
  const { conversation } = await a.send(ben, "hello");
  await b.send(conversation, "hi");
  const group = await a.group([b]);
  for (let n = 0; n < 15; n++) await b.send(group, `line ${n}`);
  await b.socket.call("chat.leave", { conversation: group });
  const { status, headers, body } = await ben.http(server).get<{
    account: { id: string };
    sessions: unknown[];
    conversations: { conversation: { id: string }; messages: { text?: string }[] }[];
  }>("/v1/account/export");
  equal(status, 200);
  equal(headers.get("cache-control"), "no-store");
  equal(body.account.id, ben.id);
  equal(body.sessions.length, 1);
  const texts = new Map(body.conversations.map((one) => [
    one.conversation.id,
    one.messages.map(({ text }) => text),
  ]));
  deepEqual(texts.get(conversation), ["hi"]);
  deepEqual(texts.get(group), Array.from({ length: 15 }, (_, n) => `line ${n}`));
});
