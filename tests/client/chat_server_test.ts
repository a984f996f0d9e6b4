import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { FileOutboxStore } from "client/files.ts";
import { Barrage, type BarrageOptions, type ChatConversation, createGuest } from "client/mod.ts";
import { Cable } from "tests/support/cable.ts";
import { Person } from "tests/support/chatter.ts";
import { type Server, startServer } from "tests/support/server.ts";

const UNTIL_MS = 20_000;
/** Reconnects at once, so that the tests are quick. */
const random = () => 0.01;

let server: Server;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

async function register(count: number): Promise<Person[]> {
  return await Promise.all(Array.from({ length: count }, () => Person.register(server)));
}

function client({ token }: Person, options: Partial<BarrageOptions> = {}): Barrage {
  return new Barrage({ url: server.url, token, random, ...options });
}

async function live(person: Person, options: Partial<BarrageOptions> = {}): Promise<Barrage> {
  const barrage = client(person, options);
  await barrage.chat.start();
  return barrage;
}

/** Waits for events until the condition holds. */
async function until(
  what: string,
  on: (check: () => void) => () => void,
  condition: () => boolean,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`Cannot see ${what}`)), UNTIL_MS);
  const check = () => condition() && resolve();
  const stop = on(check);
  check();
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    stop();
  }
}

function texts(talk: ChatConversation): string[] {
  return talk.messages.map((line) => {
    if (line.shown === "outgoing") return `${line.outgoing.draft.text} (${line.state.status})`;
    return line.message.kind === "sent" ? line.message.text ?? "" : line.message.kind;
  });
}

async function shows(talk: ChatConversation, wanted: readonly string[]): Promise<void> {
  const same = () => texts(talk).join("\n") === wanted.join("\n");
  await until(`${wanted}`, (check) => talk.on("messages", check), same)
    .catch((error) => {
      throw new Error(`${error.message}: ${texts(talk)}`);
    });
}

async function views(
  talk: ChatConversation,
  what: string,
  condition: (view: NonNullable<ChatConversation["view"]>) => boolean,
): Promise<void> {
  const holds = () => talk.view !== undefined && condition(talk.view);
  await until(what, (check) => talk.on("view", check), holds);
}

Deno.test("[C80] guests are told that they may chat with nobody", async () => {
  const { token } = await createGuest({ url: server.url });
  await using barrage = new Barrage({ url: server.url, token });
  await rejects(barrage.chat.start(), { reason: "forbidden" });
});

Deno.test("[C89] what one says arrives, is delivered, typed at, read, edited and recalled", async () => {
  const [ann, ben] = await register(2) as [Person, Person];
  await using a = await live(ann);
  const toBen = await a.chat.open(ben.id);
  await (await toBen.send("hello"));
  await shows(toBen, ["hello"]);
  const receipt = (wanted: string) =>
    until(wanted, (check) => toBen.on("messages", check), () => {
      const line = toBen.messages[0];
      return line?.shown === "stored" && line.receipt === wanted;
    });
  await receipt("sent");
  await using b = await live(ben);
  await receipt("delivered");
  const { id, unread, title } = b.chat.conversations[0]!;
  deepEqual([id, unread], [toBen.id, 1]);
  ok(title.startsWith("chatter"));
  const toAnn = b.chat.conversation(id);
  await views(toAnn, "who is there", ({ peer }) => peer?.id === ann.id);
  toAnn.typing();
  await views(toBen, "that Ben writes", ({ typing }) => typing.length === 1);
  toAnn.read();
  await receipt("read");
  await toBen.edit(1, "hallo");
  await shows(toAnn, ["hallo"]);
  await toBen.recall(1);
  await shows(toAnn, ["recalled"]);
  const heard = new Promise((resolve) => a.chat.on("message", resolve));
  await toAnn.send("oh");
  equal((await heard as { text: string }).text, "oh");
  await views(toBen, "the new one", ({ unread, last }) => unread === 1 && last?.seq === 2);
});

Deno.test("[C92] who is watched is seen coming and going", async () => {
  const [ann, ben] = await register(2) as [Person, Person];
  await using a = await live(ann);
  const toBen = await a.chat.open(ben.id);
  await toBen.send("hello");
  await shows(toBen, ["hello"]);
  const told = (online: boolean) =>
    until(
      `online ${online}`,
      (check) => a.chat.on("presence", check),
      () => a.chat.presenceOf(ben.id)?.online === online,
    );
  a.chat.watchPresence([ben.id]);
  await told(false);
  const b = await live(ben);
  await told(true);
  b.close();
  await told(false);
});

Deno.test("[C95] a group is made, found, joined, led and left", async () => {
  const [ann, ben, zoe, eve] = await register(4) as [Person, Person, Person, Person];
  await using a = await live(ann);
  await using b = await live(ben);
  await using z = await live(zoe);
  await using e = await live(eve);
  const title = `Chess ${crypto.randomUUID().slice(0, 8)}`;
  const group = await a.chat.createGroup({ title });
  const { id } = group;
  const number = group.view!.group!.number;
  equal((await b.chat.findGroups({ number }))[0]?.id, id);
  equal((await b.chat.findGroups({ title }, 5))[0]?.id, id);
  equal((await b.chat.preview(id)).title, title);

  const asked = new Promise<{ user: { id: string } }>((resolve) => a.chat.on("asked", resolve));
  await views(group, "the group", ({ standing, head }) => standing === "member" && head === 1);
  const bens = b.chat.conversation(id);
  equal(await bens.join(), "asked");
  equal((await asked).user.id, ben.id);
  await views(bens, "that he waits", ({ standing }) => standing === "asked");
  deepEqual((await group.members({ state: "asked" })).members.map(({ user }) => user.id), [ben.id]);
  await group.approve(ben.id);
  await views(bens, "that he is in", ({ standing }) => standing === "member");

  const link = await group.link();
  const zoes = z.chat.conversation(id);
  equal(await zoes.join(link), "member");
  await group.unlink();
  const eves = e.chat.conversation(id);
  equal(await eves.join(link).catch((error) => error.reason), "forbidden");
  deepEqual(await group.invite([eve.id]), [eve.id]);
  await views(eves, "the invitation", ({ standing }) => standing === "invited");
  ok(e.chat.conversations.some((view) => view.id === id));
  await eves.leave();
  await views(eves, "that it is gone", ({ standing }) => standing === "gone");

  await group.setRole(ben.id, "admin");
  await views(bens, "that he is an admin", ({ group }) => group?.role === "admin");
  await bens.update({ announcement: "Tuesdays", mutedAll: true });
  await views(zoes, "the announcement", ({ group }) => group?.announcement === "Tuesdays");
  const refused = await zoes.send("may I?");
  await until("the refusal", (check) => refused.onState(check), () => refused.state.status === "failed");
  equal(refused.state.status === "failed" && refused.state.error.reason, "muted");
  await bens.update({ mutedAll: false });
  await views(zoes, "that she may", ({ group }) => group?.mutedAll === false);
  refused.retry();
  await views(
    zoes,
    "that it is sent",
    ({ sending, failed, last }) => sending + failed === 0 && last?.kind === "sent",
  );
  const people = [];
  for await (const { user } of group.eachMember()) people.push(user.id);
  deepEqual(people.toSorted(), [ann.id, ben.id, zoe.id].toSorted());
  equal(group.view?.group?.members, 3);

  await bens.remove(zoe.id);
  await views(zoes, "that she is out", ({ standing }) => standing === "gone");
  equal(zoes.messages.at(-1)?.shown, "stored");
  await group.transfer(ben.id);
  await views(bens, "that it is his", ({ group }) => group?.role === "owner");
  await group.leave();
  await views(group, "that she has left", ({ standing }) => standing === "gone");
  await bens.pin(true);
  await bens.mute(true);
  await bens.archive(true);
  deepEqual([bens.view?.pinned, bens.view?.muted, bens.view?.archived], [true, true, true]);
  const said = bens.messages.find((line) => line.shown === "stored" && line.message.kind === "sent");
  await bens.report(said?.shown === "stored" ? said.message.seq : 0, "spam", "Not at all");
  await rejects(bens.report(1, "spam"), { reason: "not_found" });
});

Deno.test("[C95] whoever is blocked is told so when he sends", async () => {
  const [ann, ben] = await register(2) as [Person, Person];
  await using a = await live(ann);
  await using b = await live(ben);
  const [toBen, toAnn] = [await a.chat.open(ben.id), await b.chat.open(ann.id)];
  await toBen.block(true);
  equal(toBen.view?.blocked, true);
  const refused = await toAnn.send("hello");
  await until("the refusal", (check) => refused.onState(check), () => refused.state.status === "failed");
  equal(refused.state.status === "failed" && refused.state.error.reason, "blocked");
  await toBen.block(false);
  refused.retry();
  await shows(toBen, ["hello"]);
});

const MANY = Array.from({ length: 40 }, (_, n) => `line ${n}`);

Deno.test("[C102] messages sent while the cable is pulled again and again are there once, in order", async () => {
  const [ann, ben] = await register(2) as [Person, Person];
  await using cable = new Cable(server.port);
  await using b = await live(ben);
  const toAnn = await b.chat.open(ann.id);
  await toAnn.send("hello");
  await shows(toAnn, ["hello"]);
  await using a = await live(ann, { url: cable.url });
  const toBen = await a.chat.open(ben.id);
  let heard = 0;
  toAnn.on("messages", () => {
    if (toAnn.messages.length % 7 !== 0 || toAnn.messages.length === heard) return;
    heard = toAnn.messages.length;
    cable.pull();
    cable.plug();
  });
  await Promise.all(MANY.map((text) => toBen.send(text)));
  await shows(toBen, ["hello", ...MANY]);
  await shows(toAnn, ["hello", ...MANY]);
  ok(heard > 7);
});

Deno.test("[C102] messages sent while the server is killed and started again are there once, in order", async () => {
  await using own = await startServer();
  const [ann, ben] = [await Person.register(own), await Person.register(own)];
  await using b = new Barrage({ url: own.url, token: ben.token, random });
  await b.chat.start();
  const toAnn = await b.chat.open(ann.id);
  await toAnn.send("hello");
  await shows(toAnn, ["hello"]);
  await using a = new Barrage({ url: own.url, token: ann.token, random });
  await a.chat.start();
  const toBen = await a.chat.open(ben.id);
  const sent = Promise.all(MANY.map((text) => toBen.send(text)));
  await until("the first ones", (check) => toAnn.on("messages", check), () => toAnn.messages.length > 5);
  await own.kill("SIGKILL");
  await own.restart();
  await sent;
  await shows(toBen, ["hello", ...MANY]);
  await shows(toAnn, ["hello", ...MANY]);
});

Deno.test("[C106] a program that ends with messages unsent leaves them to the next one, which sends them once, in order", async () => {
  const [ann, ben] = await register(2) as [Person, Person];
  const folder = await Deno.makeTempDir({ prefix: "barrage-outbox-" });
  try {
    await using b = await live(ben);
    const toAnn = await b.chat.open(ann.id);
    await toAnn.send("hello");
    await shows(toAnn, ["hello"]);
    await using cable = new Cable(server.port);
    const first = await live(ann, { url: cable.url, chat: { outbox: new FileOutboxStore(folder) } });
    const before = await first.chat.open(ben.id);
    await before.send(MANY[0]!);
    await shows(toAnn, ["hello", MANY[0]!]);
    // What the server has is on its way, and some of its answers are lost.
    const sent = Promise.all(MANY.slice(1).map((text) => before.send(text)));
    await until("some", (check) => toAnn.on("messages", check), () => toAnn.messages.length > 10);
    cable.pull();
    await sent;
    first.close();

    await using next = await live(ann, { chat: { outbox: new FileOutboxStore(folder) } });
    const talk = await next.chat.open(ben.id);
    talk.on("messages", () => {});
    await shows(toAnn, ["hello", ...MANY]);
    await views(talk, "that all is sent", ({ sending }) => sending === 0);
    equal(new Set(texts(talk)).size, texts(talk).length);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("[C107] two programs with one store send the same messages, and they are there once", async () => {
  const [ann, ben] = await register(2) as [Person, Person];
  const folder = await Deno.makeTempDir({ prefix: "barrage-outbox-" });
  try {
    await using b = await live(ben);
    const toAnn = await b.chat.open(ann.id);
    await toAnn.send("hello");
    await shows(toAnn, ["hello"]);
    await using cable = new Cable(server.port);
    const options = () => ({ url: cable.url, chat: { outbox: new FileOutboxStore(folder) } });
    await using one = await live(ann, options());
    const ones = await one.chat.open(ben.id);
    cable.pull();
    for (const text of MANY.slice(0, 10)) await ones.send(text);
    cable.plug();
    await using other = await live(ann, options());
    const others = await other.chat.open(ben.id);
    const wanted = ["hello", ...MANY.slice(0, 10)];
    for (const talk of [ones, others, toAnn]) await shows(talk, wanted);
    await views(others, "that all is sent", ({ sending }) => sending === 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
