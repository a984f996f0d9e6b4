import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { assistantOf, Barrage, createGuest, removeAssistant, setAssistant } from "client/mod.ts";
import type { OwnAssistant } from "protocol/assistants.ts";
import type { Conversation, Message } from "protocol/chat.ts";
import { msgpack } from "protocol/msgpack.ts";
import type { RoomFrame } from "protocol/items.ts";
import type { Room } from "protocol/rooms.ts";
import { type Device, Person } from "tests/support/chatter.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { type Server, startServer } from "tests/support/server.ts";
import { SocketClient } from "tests/support/socket_client.ts";

const UNTIL_MS = 60_000;

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** What assistants have said there, as this device knows it. */
function answers(device: Device, conversation: string): Extract<Message, { kind: "sent" }>[] {
  return device.notebook.messages(conversation).flatMap((message) =>
    message.kind === "sent" && message.assistant ? [message] : []
  );
}

async function ask(device: Device, conversation: string, assistant: string, text: string): Promise<number> {
  const id = crypto.randomUUID();
  const message = { conversation, id, text, mentions: [assistant] };
  return (await device.socket.call<{ seq: number }>("chat.send", message)).seq;
}

/** What the room's assistant has said, once it has said so much. */
async function saidIn(socket: SocketClient, count: number): Promise<string[]> {
  const said = () =>
    (socket.inbox as { method?: string; params: RoomFrame }[]).flatMap(({ method, params }) =>
      method === "room.frame" ? params.items.filter(({ assistant }) => assistant).map(({ text }) => text) : []
    );
  await socket.until(() => said().length >= count, `${count} answers`);
  return said();
}

Deno.test("[AS40] over sockets: set, told to all, asked, answered on every device, removed", async () => {
  const [ann, ben] = [await Person.register(server), await Person.register(server)];
  await using a = await ann.live(server);
  await using b = await ben.live(server, { codec: msgpack });
  const conversation = await a.group([b]);
  await b.sync();
  const params = { conversation, assistant: { name: "Echo", model: "echo", instructions: "Be brief" } };
  await rejects(b.socket.call("chat.assistant", params), { reason: "forbidden" });
  const { group } = await a.socket.call<Conversation>("chat.assistant", params);
  const { id } = group!.assistant!;
  await b.until(
    (notebook) => notebook.messages(conversation).some((message) => JSON.stringify(message).includes(id)),
    "the change",
  );
  ok(!JSON.stringify(b.notebook.messages(conversation)).includes("Be brief"));
  const seq = await ask(b, conversation, id, "@Echo hello there");
  for (const device of [a, b]) {
    await device.until(() => answers(device, conversation).length > 0, "the answer", UNTIL_MS);
    const [answer, ...others] = answers(device, conversation);
    deepEqual(others, []);
    deepEqual([answer!.sender, answer!.replyTo], [{ id, name: "Echo" }, seq]);
    match(answer!.text!, /hello there/);
  }
  await rejects(a.socket.call("chat.open", { to: id }), { reason: "not_found" });
  await a.socket.call("chat.remove", { conversation, user: id });
  const { group: left } = await b.socket.call<Conversation>("chat.open", { conversation });
  equal(left!.assistant, undefined);
});

Deno.test("[AS40] the SDK sets it, sees its answers as anybody's, and removes it", async () => {
  const [ann, ben] = [await Person.register(server), await Person.register(server)];
  await using a = new Barrage({ url: server.url, token: ann.token });
  await using b = new Barrage({ url: server.url, token: ben.token });
  await Promise.all([a.chat.start(), b.chat.start()]);
  const group = await a.chat.createGroup({ title: "Waves", join: "open" });
  const other = b.chat.conversation(group.id);
  await other.join();
  await group.setAssistant({ name: "Echo", model: "echo", instructions: "Be brief" });
  const own = await group.assistant();
  equal(own?.instructions, "Be brief");
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = other.on("messages", () => {
    const said = other.messages.some((line) =>
      line.shown === "stored" && line.message.kind === "sent" && line.message.assistant
    );
    if (said) resolve();
  });
  await other.send({ text: "@Echo hello", mentions: [own!.id] });
  await promise;
  stop();
  equal(other.view?.group?.assistant?.name, "Echo");
  equal(other.view?.group?.assistant?.instructions, undefined);
  await group.setAssistant(null);
  equal(await group.assistant(), undefined);
});

Deno.test("[AS40] over HTTP: a room's assistant is set, shown, asked by a danmaku, answers, and is removed", async () => {
  const ann = await Person.register(server);
  const owner = ann.http(server);
  const { body: { id: room } } = await owner.post<Room>("/v1/rooms", { title: "Live" });
  const place = { url: server.url, token: ann.token, room };
  const set = await setAssistant({
    ...place,
    assistant: { name: "Echo", model: "echo", instructions: "Brief" },
  });
  deepEqual(await assistantOf(place), set);
  const guest = await createGuest({ url: server.url, name: "Gus" });
  const viewer = new HttpClient(server.url, guest.token);
  const shown = (await viewer.get<Room>(`/v1/rooms/${room}`)).body;
  deepEqual(shown.assistant, { id: set.id, name: "Echo", model: "echo", enabled: true });
  equal((await viewer.get<OwnAssistant>(`/v1/rooms/${room}/assistant`)).status, 403);
  const { body } = await viewer.get<{ rooms: Room[] }>("/v1/rooms");
  ok(!JSON.stringify(body).includes("Brief"));
  await using socket = await SocketClient.greet(server.socketUrl, guest.token);
  await socket.call("room.join", { room });
  await owner.post(`/v1/rooms/${room}/messages`, { text: "hey @echo, hello" });
  const [said] = await saidIn(socket, 1);
  match(said!, /^@\S+ .*hello/);
  // AI_GUESTS is off.
  await viewer.post(`/v1/rooms/${room}/messages`, { text: "@echo and me?" });
  deepEqual((await saidIn(socket, 2))[1], "I cannot answer now: you may not ask an AI here.");
  await removeAssistant(place);
  equal((await owner.get(`/v1/rooms/${room}/assistant`)).status, 404);
});

Deno.test("[AS41] the metrics tell what became of the questions", async () => {
  for (const outcome of ["asked", "answered", "failed"]) {
    await server.metricIs(`barrage_assistant_questions_total{outcome="${outcome}"}`, (count) => count > 0);
  }
  equal(await server.metric('barrage_assistant_questions_total{outcome="dropped"}'), 0);
});

Deno.test("[AS24] kill -9 between question and answer: after the next start it has one answer, with AI off a reason", async () => {
  await using own = await startServer();
  const ann = await Person.register(own);
  let conversation: string;
  let id: string;
  let seq: number;
  {
    await using device = await ann.live(own);
    conversation = await device.group([]);
    const params = { conversation, assistant: { name: "Echo", model: "echo" } };
    id = (await device.socket.call<Conversation>("chat.assistant", params)).group!.assistant!.id;
    seq = await ask(device, conversation, id, `@Echo ${"many words ".repeat(40)}`);
    await own.kill("SIGKILL");
  }
  await own.restart();
  await using device = await ann.live(own);
  await device.until(() => answers(device, conversation).length > 0, "the answer", UNTIL_MS);
  deepEqual(answers(device, conversation).map(({ replyTo }) => replyTo), [seq]);
  await own.kill("SIGTERM");
  await own.restart({ AI: "off" });
  await using later = await ann.live(own);
  await ask(later, conversation, id, "@Echo still there?");
  await later.until(() => answers(later, conversation).length > 1, "the reason", UNTIL_MS);
  deepEqual(answers(later, conversation).map(({ text }) => text).slice(1), [
    "I cannot answer now: AI is switched off on this server.",
  ]);
  await rejects(later.socket.call("chat.assistant", { conversation, assistant: { name: "Other" } }), {
    reason: "conflict",
    message: /AI is switched off/,
  });
});
