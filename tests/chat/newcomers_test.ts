import { deepEqual, equal, ok } from "node:assert/strict";
import { conversationActor } from "actors/conversation/definition.ts";
import { ChatCluster } from "tests/support/chat_cluster.ts";
import type { Notebook } from "tests/support/notebook.ts";
import { viewer } from "tests/support/room_stage.ts";

const NEWCOMERS_TOLD_APART = 100;

/** Says something, then lets others in who are not shown it, then changes it. */
async function changeBefore(newcomers: number) {
  await using owned = new AsyncDisposableStack();
  const cluster = owned.use(await ChatCluster.open(["a", "b"], { people: newcomers + 9 }));
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  const group = await cluster.group("a", ["a", "b"], [2]);
  const devices = { old: b.device(2), others: a.device(1) };
  await cluster.run(a.say(group, 1, "edited-later"));
  await cluster.run(a.say(group, 1, "recalled-later"));
  for (let n = 3; n < newcomers + 3; n++) {
    await cluster.run(b.node.ref(conversationActor, group, viewer(n)).join({}));
  }
  const newcomer = b.device(3);
  await cluster.clock.advance(5_000);
  const [syncs, staleBefore] = [newcomer.syncs, devices.old.syncs];
  await cluster.run(a.at(group, 1).edit({ seq: 3, text: "edited" }));
  await cluster.run(a.at(group, 1).recall({ seq: 4 }));
  await cluster.run(a.say(group, 1, "for-everybody"));
  await cluster.clock.advance(5_000);
  const kept = owned.move();
  return {
    ...{ cluster, group, newcomer, devices },
    syncs: { newcomer: newcomer.syncs - syncs, old: devices.old.syncs - staleBefore },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

function changed(notebook: Notebook, group: string): string[] {
  const messages = notebook.messages(group).filter(({ seq }) => seq === 3 || seq === 4);
  return messages.map((message) => message.kind === "sent" ? message.text ?? "" : message.kind);
}

Deno.test("[J42] who came later is not told what becomes of what was said before, and misses nothing by that", async () => {
  await using stage = await changeBefore(1);
  const { group, newcomer, devices, syncs } = stage;
  const places = newcomer.notebook.messages(group).map(({ seq }) => seq);
  deepEqual(places, [5, 6], "all but what was said before he came");
  deepEqual(newcomer.notebook.told.map(({ seq }) => seq), [6]);
  equal(syncs.newcomer, 0);
  for (const { notebook } of Object.values(devices)) {
    deepEqual(changed(notebook, group), ["edited", "recalled"]);
    equal(notebook.texts(group).at(-1), "for-everybody");
  }
  equal(syncs.old, 0);
});

Deno.test("[J42] where many came later everybody asks, and none of them is shown it", async () => {
  await using stage = await changeBefore(NEWCOMERS_TOLD_APART + 1);
  const { cluster, group, newcomer, devices, syncs } = stage;
  ok(newcomer.notebook.messages(group).every(({ seq }) => seq > 4));
  equal(newcomer.notebook.texts(group).at(-1), "for-everybody");
  ok(syncs.newcomer > 0);
  for (const { notebook } of Object.values(devices)) {
    const stored = await cluster.stored(group);
    deepEqual(notebook.messages(group), stored.slice(-notebook.messages(group).length));
    deepEqual(changed(notebook, group), ["edited", "recalled"]);
  }
});
