import { deepEqual, equal, ok } from "node:assert/strict";
import { settle } from "./support/fake_clock.ts";
import {
  ANN,
  BEN,
  delta,
  DIRECT,
  direct,
  liveChat,
  message,
  messages,
  shown,
  syncAfterReconnect,
} from "./support/scripted_chat.ts";

const GROUP = {
  ...{ title: "Chess", announcement: "", join: "open", mutedAll: false, historyForNewcomers: false },
  ...{ number: "123456789", members: 3, role: "admin" },
};

function change(seq: number, what: object, sender: object = BEN) {
  return message(seq, { kind: "change", text: undefined, change: what, sender });
}

function group(head: number, more: object = {}) {
  const { peer: _, ...fields } = direct(head);
  return delta(head, 1, { conversation: { ...fields, kind: "group", group: GROUP, ...more } });
}

function conversation(id: string, more: object) {
  return delta(1, 1, { conversation: direct(1, { id, ...more }) });
}

Deno.test("[C85] unread and mentions follow what is said, edited, recalled and read, here and elsewhere", async () => {
  const { talk, network, barrage } = await liveChat([delta(3)]);
  const counts = () => [talk.view?.unread, talk.view?.mentions];
  deepEqual(counts(), [3, 0]);
  await network.newest.notify("chat.message", message(4, { mentions: ["U1"] }));
  await network.newest.notify("chat.message", message(5, { sender: ANN }));
  deepEqual(counts(), [4, 1]);
  await network.newest.notify("chat.recalled", message(4, { kind: "recalled", version: 6, recalledAt: 1 }));
  deepEqual(counts(), [4, 0]);
  await network.newest.notify("chat.read", { conversation: DIRECT, version: 7, user: "U1", readSeq: 2 });
  deepEqual(counts(), [2, 0]);
  talk.read();
  deepEqual(counts(), [0, 0]);
  await network.newest.notify("chat.message", message(6, { version: 8 }));
  deepEqual(counts(), [1, 0]);
  barrage.close();
});

Deno.test("[C85] an answer that knows more than what was told so far is not counted twice", async () => {
  const { chat, talk, network, barrage } = await liveChat([delta(3)]);
  const opened = chat.open("U2");
  await settle();
  await network.newest.reply("chat.open", direct(5));
  await opened;
  equal(talk.view?.unread, 5);
  for (const seq of [4, 5]) await network.newest.notify("chat.message", message(seq));
  equal(talk.view?.unread, 5);
  deepEqual(shown(talk).at(-1), "text 5");
  barrage.close();
});

Deno.test("[C85] what was read elsewhere beyond what is kept here is counted by the server", async () => {
  const { talk, network, barrage } = await liveChat([delta(100, 81)]);
  equal(talk.view?.unread, 100);
  await network.newest.notify("chat.read", { conversation: DIRECT, version: 101, user: "U1", readSeq: 40 });
  await network.newest.reply("chat.open", direct(100, { version: 101, readSeq: 40, unread: 57 }));
  equal(talk.view?.unread, 57);
  equal(network.newest.methods.filter((method) => method === "chat.open").length, 1);
  barrage.close();
});

Deno.test("[C85] settings, names, roles and the number of members follow what is told", async () => {
  const { talk, network, barrage } = await liveChat([group(3)]);
  const told = async (what: object) => {
    const { head } = talk.view!;
    await network.newest.notify("chat.message", change(head + 1, what));
    return talk.view!.group!;
  };
  equal(
    (await told({ what: "joined", users: [{ id: "U5", name: "Eve" }, { id: "U6", name: "Fay" }] })).members,
    5,
  );
  equal((await told({ what: "left" })).members, 4);
  equal((await told({ what: "removed", users: [{ id: "U5", name: "Eve" }] })).members, 3);
  equal((await told({ what: "role", user: ANN, role: "owner" })).role, "owner");
  equal((await told({ what: "role", user: BEN, role: "owner" })).role, "admin");
  equal((await told({ what: "role", user: BEN, role: "admin" })).role, "admin");
  equal((await told({ what: "settings", settings: { title: "Go", mutedAll: true } })).mutedAll, true);
  equal(talk.view?.title, "Go");
  await network.newest.notify("chat.settings", {
    ...{ conversation: DIRECT, version: 11, muted: true, pinned: true, archived: false, blocked: false },
  });
  deepEqual([talk.view?.muted, talk.view?.pinned], [true, true]);
  barrage.close();

  const two = await liveChat([delta(3)]);
  await two.network.newest.notify("chat.message", message(4, { sender: { id: "U2", name: "Benjamin" } }));
  equal(two.talk.view?.title, "Benjamin");
  two.barrage.close();
});

Deno.test("[C87] pinned ones come first, archived ones last, within each the newest; only what changes is told", async () => {
  const at = (n: number) => ({ last: message(1, { at: n }) });
  const { chat, network, barrage } = await liveChat([
    conversation("old", at(1)),
    conversation("new", at(9)),
    conversation("archived", { ...at(99), archived: true }),
    conversation("pinned", { ...at(0), pinned: true }),
    conversation("empty", { head: 0, version: 0, last: undefined }),
  ]);
  const lists: string[][] = [];
  chat.on("conversations", (list) => lists.push(list.map(({ id }) => id)));
  deepEqual(chat.conversations.map(({ id }) => id), ["pinned", "new", "old", "archived"]);
  const before = chat.conversations;
  const told = { jsonrpc: "2.0", method: "chat.message" };
  await network.newest.raw(JSON.stringify([
    { ...told, params: message(2, { conversation: "old", at: 50 }) },
    { ...told, params: message(3, { conversation: "old", at: 51 }) },
  ]));
  deepEqual(lists, [["pinned", "old", "new", "archived"]]);
  equal(chat.conversations[0], before[0]);
  equal(chat.conversations[2], before[1]);
  const { conversations } = chat;
  await network.newest.notify("chat.message", message(3, { conversation: "old", at: 51 }));
  equal(chat.conversations, conversations);
  barrage.close();
});

Deno.test("[C87] what one writes moves its conversation up at once, until its own time is known", async () => {
  const { talk, network, barrage } = await liveChat([delta(3)], { chat: { now: () => 1_000_000 } });
  await talk.send("hello");
  equal(talk.view?.lastAt, 1_000_000);
  await network.newest.reply("chat.send", { conversation: DIRECT, seq: 4, id: "M4", at: 1_004 });
  await network.newest.notify("chat.message", message(4, { sender: ANN, text: "hello" }));
  await network.newest.notify("chat.message", message(5));
  equal(talk.view?.lastAt, 1_005);
  barrage.close();
});

Deno.test("[C87] a line that does not change stays the same object", async () => {
  const { talk, network, barrage } = await liveChat([delta(3)]);
  let told = 0;
  talk.on("messages", () => told++);
  const before = talk.messages;
  await network.newest.notify("chat.message", message(2, { version: 4, text: "edited" }));
  equal(told, 1);
  equal(talk.messages[0], before[0]);
  ok(talk.messages[1] !== before[1]);
  await network.newest.notify("chat.read", { conversation: DIRECT, version: 5, user: "U1", readSeq: 3 });
  equal(told, 1, "no line has changed");
  barrage.close();
});

Deno.test("[C88] reading on is told once, the latest; what could not be told is told over the next link", async () => {
  const client = await liveChat([delta(9)]);
  const { talk, network, clock, barrage } = client;
  const reads = () => network.newest.received.filter(({ method }) => method === "chat.read");
  for (const seq of [3, 5, 4]) talk.read(seq);
  equal(talk.view?.readSeq, 5);
  equal(talk.view?.unread, 4);
  equal(reads().length, 0);
  await clock.advance(300);
  deepEqual(reads().map(({ params }) => params["seq"]), [5]);
  talk.read();
  await syncAfterReconnect(client);
  await clock.advance(300);
  deepEqual(reads().map(({ params }) => params["seq"]), [9]);
  await network.newest.reply("chat.read", { conversation: DIRECT, version: 10, user: "U1", readSeq: 9 });
  talk.read(2);
  await clock.advance(10_000);
  equal(reads().length, 1);
  barrage.close();
});

Deno.test("[C89] one's own message is sent, delivered, read", async () => {
  const own = message(4, { sender: ANN });
  const { talk, network, barrage } = await liveChat([delta(4, 1, { messages: [...messages(1, 3), own] })]);
  const receipts = () => talk.messages.map((line) => line.shown === "stored" ? line.receipt : undefined);
  deepEqual(receipts(), [undefined, undefined, undefined, "sent"]);
  await network.newest.notify("chat.delivered", {
    ...{ conversation: DIRECT, version: 5, user: "U2", deliveredSeq: 4 },
  });
  equal(receipts().at(-1), "delivered");
  await network.newest.notify("chat.read", { conversation: DIRECT, version: 6, user: "U2", readSeq: 4 });
  equal(receipts().at(-1), "read");
  equal(talk.view?.peerReadSeq, 4);
  barrage.close();
});

Deno.test("[C90] a device says once a second at most that it has what the other one said, unless it was read", async () => {
  const { talk, network, clock, barrage } = await liveChat([delta(0)]);
  const told = (method: string) => network.newest.received.filter((one) => one.method === method);
  for (const seq of [1, 2, 3]) await network.newest.notify("chat.message", message(seq));
  await clock.advance(999);
  equal(told("chat.delivered").length, 0);
  await clock.advance(1);
  deepEqual(told("chat.delivered").map(({ params }) => params["seq"]), [3]);
  await network.newest.reply("chat.delivered", {});
  await network.newest.notify("chat.message", message(4, { sender: ANN }));
  await clock.advance(5_000);
  equal(told("chat.delivered").length, 1, "one's own is no news");
  await network.newest.notify("chat.message", message(5));
  talk.read();
  await clock.advance(300);
  await network.newest.reply("chat.read", { conversation: DIRECT, version: 6, user: "U1", readSeq: 5 });
  await clock.advance(5_000);
  equal(told("chat.delivered").length, 1, "what was read is delivered");
  barrage.close();
});

Deno.test("[C91] who writes is shown until his message comes, the time is over or the connection is lost", async () => {
  const { talk, network, clock, barrage } = await liveChat([delta(3)]);
  const writes = () =>
    network.newest.notify("chat.typing", { conversation: DIRECT, user: BEN, forMs: 5_000 });
  const writing = () => talk.view?.typing.map(({ name }) => name);
  await writes();
  deepEqual(writing(), ["Ben"]);
  await clock.advance(4_000);
  await writes();
  await clock.advance(4_000);
  deepEqual(writing(), ["Ben"]);
  await clock.advance(1_000);
  deepEqual(writing(), []);
  await writes();
  await network.newest.notify("chat.message", message(4));
  deepEqual(writing(), []);
  await writes();
  await network.newest.drop();
  deepEqual(writing(), []);
  barrage.close();
});

Deno.test("[C91] that one writes is told every three seconds at most", async () => {
  const { talk, network, clock, barrage } = await liveChat([delta(3)]);
  const told = () => network.newest.methods.filter((method) => method === "chat.typing").length;
  for (let n = 0; n < 10; n++) talk.typing();
  equal(told(), 1);
  await clock.advance(3_000);
  talk.typing();
  equal(told(), 2);
  barrage.close();
});

Deno.test("[C92] who is watched is asked for again in time and over every new link", async () => {
  const client = await liveChat([]);
  const { chat, network, clock, barrage } = client;
  const told: boolean[] = [];
  chat.on("presence", ({ online }) => told.push(online));
  const asked = () => network.newest.methods.filter((method) => method === "chat.presence").length;
  chat.watchPresence(["U2"]);
  chat.watchPresence(["U2", "U3"]);
  await clock.advance(100);
  equal(asked(), 1);
  const users = [{ user: "U2", online: true }, { user: "U3", online: false, lastSeenAt: 5 }];
  await network.newest.reply("chat.presence", { users });
  equal(chat.presenceOf("U2")?.online, true);
  equal(chat.presenceOf("U3")?.lastSeenAt, 5);
  await network.newest.notify("chat.presence", { user: "U2", online: false });
  deepEqual(told, [true, false, false]);
  for (let ms = 0; ms < 240_000; ms += 10_000) {
    await clock.advance(10_000);
    await network.newest.notify("chat.presence", { user: "U9", online: true });
  }
  equal(asked(), 2);
  await syncAfterReconnect(client);
  await clock.advance(1);
  deepEqual(network.newest.last("chat.presence").params, { users: ["U2", "U3"] });
  barrage.close();
});

Deno.test("[C93] what nobody looks at keeps its newest messages, and the others are read again", async () => {
  const limits = { unwatchedMax: 5, watchedMax: 12, wideMax: 0 };
  const { chat, talk, network, barrage } = await liveChat([delta(20)], { chat: { limits } });
  await settle();
  deepEqual(shown(talk), [16, 17, 18, 19, 20].map((seq) => `text ${seq}`));
  const stop = talk.on("messages", () => {});
  const older = async (from: number, to: number) => {
    const page = talk.older(5);
    await settle();
    equal(network.newest.last("chat.history").params["before"], to + 1);
    await network.newest.reply("chat.history", {
      messages: messages(from, to),
      older: from > 1,
      newer: true,
    });
    await page;
  };
  await older(11, 15);
  equal(talk.messages.length, 10);
  await older(6, 10);
  equal(talk.messages.length, 12);
  equal(shown(talk).at(-1), "text 17");
  equal(talk.hasNewer, true);
  await network.newest.notify("chat.message", message(21));
  equal(shown(talk).at(-1), "text 17");
  const newer = talk.newer(50);
  await settle();
  await network.newest.notify("chat.message", message(22));
  await network.newest.reply("chat.history", { messages: messages(18, 21), older: true, newer: false });
  await newer;
  equal(talk.hasNewer, false);
  equal(shown(talk).at(-1), "text 22");
  stop();
  chat.conversation("other").on("messages", () => {});
  await settle();
  equal(talk.messages.length, 5);
  barrage.close();
});

Deno.test("[C93] around a message and back to the newest", async () => {
  const { talk, network, barrage } = await liveChat([delta(100, 81)]);
  const around = talk.around(40, 3);
  await settle();
  await network.newest.reply("chat.history", { messages: messages(39, 41), older: true, newer: true });
  await around;
  deepEqual(shown(talk), ["text 39", "text 40", "text 41"]);
  await talk.send("meanwhile");
  deepEqual(shown(talk).length, 3);
  const newest = talk.newest(5);
  await settle();
  await network.newest.notify("chat.message", message(101));
  await network.newest.reply("chat.history", { messages: messages(96, 100), older: true, newer: false });
  await newest;
  deepEqual(shown(talk).slice(-3), ["text 100", "text 101", "meanwhile (sending)"]);
  barrage.close();
});

Deno.test("[C96] what is swept on the server is gone here too", async () => {
  const { talk, network, barrage } = await liveChat([delta(6)]);
  await network.newest.notify("chat.swept", { conversation: DIRECT, version: 7, oldestSeq: 4 });
  deepEqual(shown(talk), ["text 4", "text 5", "text 6"]);
  equal(talk.hasOlder, false);
  equal(talk.view?.oldestSeq, 4);
  equal(talk.view?.unread, 3);
  await network.newest.notify("chat.swept", { conversation: DIRECT, version: 8, oldestSeq: 7 });
  deepEqual(shown(talk), []);
  equal(talk.view?.last, undefined);
  await network.newest.notify("chat.message", message(7, { version: 9 }));
  deepEqual(shown(talk), ["text 7"]);
  barrage.close();
});
