import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { offlineClient, openClient } from "./support/client.ts";
import { settle } from "./support/fake_clock.ts";
import {
  delta,
  DIRECT,
  direct,
  liveChat,
  message,
  messages,
  shown,
  syncAfterReconnect,
} from "./support/scripted_chat.ts";

const EMPTY = { deltas: [], more: false };

Deno.test("[C80] start connects, and resolves when nothing is missing; chat is live again after a reconnect", async () => {
  const { barrage, network, clock } = offlineClient();
  const states: string[] = [];
  barrage.chat.on("state", ({ status }) => states.push(status));
  let started = false;
  const start = barrage.chat.start().then(() => started = true);
  await settle();
  await network.newest.accept();
  await network.newest.reply("chat.sync", { deltas: [delta(2)], more: true });
  equal(started, false);
  await network.newest.reply("chat.sync", EMPTY);
  await start;
  await syncAfterReconnect({ clock, network });
  deepEqual(states, ["syncing", "live", "syncing", "live"]);
  barrage.close();
  equal(barrage.chat.state.status, "syncing");
  equal(clock.pending, 0);
});

Deno.test("[C80] where one may chat with nobody start rejects, and where there is no connection to be had", async () => {
  const { barrage, network } = await openClient();
  const start = rejects(barrage.chat.start(), { reason: "forbidden" });
  await settle();
  await network.newest.fail("chat.sync", "forbidden");
  await start;
  equal(barrage.chat.state.status, "refused");
  barrage.close();

  const refused = offlineClient();
  const never = rejects(refused.barrage.chat.start(), { reason: "unauthenticated" });
  await settle();
  await refused.network.newest.drop(4402);
  await never;
});

Deno.test("[C81] one sync at a time: what it is told meanwhile it syncs behind that", async () => {
  const { barrage, network } = await liveChat();
  const syncs = () => network.newest.methods.filter((method) => method === "chat.sync").length;
  await network.newest.notify("chat.stale", { conversation: DIRECT });
  equal(syncs(), 2);
  await network.newest.notify("chat.stale", { conversation: DIRECT });
  await network.newest.notify("chat.stale", {});
  equal(syncs(), 2);
  await network.newest.reply("chat.sync", EMPTY);
  equal(syncs(), 3);
  await network.newest.reply("chat.sync", EMPTY);
  equal(syncs(), 3);
  barrage.close();
});

Deno.test("[C81] a sync that fails is made again, later and later; pages without anything new do not go on for ever", async () => {
  const { barrage, network, clock } = await liveChat();
  const syncs = () => network.newest.methods.filter((method) => method === "chat.sync").length;
  await network.newest.notify("chat.stale", {});
  await network.newest.fail("chat.sync", "conflict");
  equal(syncs(), 2);
  await clock.advance(2_000);
  equal(syncs(), 3);
  for (let n = 0; n < 10; n++) await network.newest.reply("chat.sync", { deltas: [], more: true });
  equal(syncs(), 3);
  await clock.advance(30_000);
  ok(syncs() > 3);
  barrage.close();
});

Deno.test("[C81] what a page has in the order of the versions is shown in the order said", async () => {
  const client = await liveChat([delta(3)]);
  const edited = message(4, { version: 7, text: "edited" });
  await syncAfterReconnect(client);
  await client.network.newest.notify("chat.stale", {});
  const page = { state: "member", conversation: direct(6, { version: 7 }), skipped: false };
  await client.network.newest.reply("chat.sync", {
    deltas: [{ ...page, version: 6, messages: [message(5), message(6)] }],
    more: true,
  });
  deepEqual(shown(client.talk), ["text 1", "text 2", "text 3"]);
  equal(client.talk.hasNewer, false);
  await client.network.newest.reply("chat.sync", {
    deltas: [{ ...page, version: 7, messages: [edited] }],
    more: false,
  });
  deepEqual(shown(client.talk).slice(3), ["edited", "text 5", "text 6"]);
  client.barrage.close();
});

Deno.test("[C82] a reconnect asks for what changed since the versions known", async () => {
  const client = await liveChat([delta(3)]);
  const { network, talk, barrage } = client;
  await network.newest.notify("chat.message", message(4));
  await network.newest.notify("chat.read", { conversation: DIRECT, version: 5, user: "U2", readSeq: 4 });
  await syncAfterReconnect(client, [
    delta(6, 1, { conversation: direct(5, { version: 6 }), messages: [message(5, { version: 6 })] }),
  ]);
  deepEqual(network.newest.last("chat.sync").params, { since: { [DIRECT]: 5 } });
  deepEqual(shown(talk), ["text 1", "text 2", "text 3", "text 4", "text 5"]);
  barrage.close();
});

Deno.test("[C82] whoever knows more than 1,000 conversations asks range by range", async () => {
  const ids = Array.from({ length: 2_100 }, (_, n) => `C${10_000 + n}`);
  const { network, barrage } = await liveChat(
    ids.map((id) => delta(1, 1, { conversation: direct(1, { id }) })),
  );
  await network.newest.notify("chat.stale", {});
  const asked: string[] = [];
  for (const [after, until] of [[undefined, "C10999"], ["C10999", "C11999"], ["C11999", undefined]]) {
    const { params } = network.newest.last("chat.sync");
    equal(params["after"], after);
    equal(params["until"], until);
    asked.push(...Object.keys(params["since"] as object));
    await network.newest.reply("chat.sync", EMPTY);
  }
  deepEqual(asked, ids);
  barrage.close();
});

Deno.test("[C83] what comes twice, in an older version or from a link that was left changes nothing", async () => {
  const client = await liveChat([delta(3)]);
  const { network, talk, barrage } = client;
  const left = network.newest;
  await left.notify("chat.message", message(4));
  await left.notify("chat.message", message(2, { version: 5, text: "edited" }));
  for (const again of [message(4), message(2, { version: 4, text: "older" })]) {
    await left.notify("chat.message", again);
  }
  await left.notify("chat.recalled", message(3, { kind: "recalled", version: 6, recalledAt: 1 }));
  const lines = ["text 1", "edited", "recalled", "text 4"];
  deepEqual(shown(talk), lines);
  await syncAfterReconnect(client);
  await left.notify("chat.message", message(5, { version: 7 }));
  deepEqual(shown(talk), lines);
  barrage.close();
});

Deno.test("[C84] a page that was read before a recall does not bring back what it said", async () => {
  const { network, talk, barrage } = await liveChat([delta(30, 21)]);
  const older = talk.older(10);
  await settle();
  await network.newest.notify(
    "chat.recalled",
    message(15, { kind: "recalled", version: 31, recalledAt: 1 }),
  );
  await network.newest.reply("chat.history", { messages: messages(11, 20), older: true, newer: true });
  equal(await older, true);
  equal(talk.messages.length, 20);
  equal(shown(talk)[4], "recalled");
  barrage.close();
});

Deno.test("[C86] what one has left is listed no more, can still be read, and is asked for no more", async () => {
  const { chat, network, talk, barrage } = await liveChat([delta(3)]);
  await network.newest.notify("chat.stale", {});
  const gone = { state: "gone", conversation: { id: DIRECT }, version: 4, messages: [message(4)] };
  await network.newest.reply("chat.sync", { deltas: [gone], more: false });
  deepEqual(chat.conversations, []);
  deepEqual(shown(talk), ["text 1", "text 2", "text 3", "text 4"]);
  equal(talk.view?.standing, "gone");
  await network.newest.notify("chat.stale", {});
  deepEqual(network.newest.last("chat.sync").params, { since: {} });
  await network.newest.reply("chat.sync", { deltas: [delta(12, 9)], more: false });
  deepEqual(shown(talk), ["text 9", "text 10", "text 11", "text 12"]);
  equal(talk.hasOlder, true);
  equal(chat.conversations.length, 1);
  barrage.close();
});

Deno.test("[C86] an invitation is listed until it is turned down", async () => {
  const { chat, network, barrage } = await liveChat([]);
  const group = { id: "G1", number: "123456789", title: "Chess", members: 4, join: "invite" };
  await network.newest.notify("chat.stale", { conversation: "G1" });
  const invited = { state: "invited", conversation: group, version: 5, messages: [] };
  await network.newest.reply("chat.sync", { deltas: [invited], more: false });
  deepEqual(chat.conversations.map(({ title, standing, group }) => [title, standing, group?.members]), [
    ["Chess", "invited", 4],
  ]);
  await network.newest.notify("chat.stale", { conversation: "G1" });
  deepEqual(network.newest.last("chat.sync").params, { since: { G1: 5 } });
  const gone = { state: "gone", conversation: { id: "G1" }, version: 6, messages: [] };
  await network.newest.reply("chat.sync", { deltas: [gone], more: false });
  deepEqual(chat.conversations, []);
  barrage.close();
});

Deno.test("[C94] when the link turns out to be somebody else's nothing of the one before is shown or sent", async () => {
  const { chat, talk, network, clock, barrage } = await liveChat([delta(3)]);
  await talk.send("mine");
  await network.newest.drop();
  await clock.advance(30_000);
  network.newest.onopen?.({});
  const user = { id: "U9", name: "Zoe" };
  await network.newest.reply("session.hello", { user, session: "S9", heartbeatMs: 20_000, expiresInMs: 1e9 });
  deepEqual(chat.conversations, []);
  deepEqual(network.newest.last("chat.sync").params, { since: {} });
  await network.newest.reply("chat.sync", EMPTY);
  deepEqual(shown(chat.conversation(DIRECT)), []);
  equal(network.newest.methods.includes("chat.send"), false);
  barrage.close();
});
