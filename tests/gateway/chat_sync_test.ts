import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { directId } from "actors/conversation/conversation_ids.ts";
import { Sending } from "actors/conversation/definition.ts";
import { BarrageError } from "protocol/errors.ts";
import { json } from "protocol/json.ts";
import { ChatSync } from "routes/gateway/chat/chat_sync.ts";
import { ChatCluster, type ChatNode } from "tests/support/chat_cluster.ts";
import type { MembershipStore } from "storage/conversation_storage.ts";
import { Notebook } from "tests/support/notebook.ts";
import { person, seeded, viewer } from "tests/support/room_stage.ts";

const ANN = 1;
const PEOPLE = 9;

function direct(one: number, other: number): string {
  return directId(person(one).id, person(other).id);
}

async function write(node: ChatNode, from: number, to: number, text: string): Promise<void> {
  const input = Sending.parse({ peer: person(to).id, id: text, text });
  await node.at(direct(from, to), from).send(input);
}

/** Syncs until nothing is missing, and checks each page. */
async function catchUp(
  cluster: ChatCluster,
  user: number,
  notebook: Notebook,
  limit: number,
): Promise<number> {
  for (let pages = 1;; pages++) {
    ok(pages < 1_000, "it comes to no end");
    const { since } = notebook;
    const { deltas, more } = await cluster.run(cluster.node("a").page(user, since, limit));
    ok(deltas.reduce((sum, { messages }) => sum + messages.length, 0) <= limit);
    const ids = deltas.map(({ conversation }) => conversation.id);
    equal(new Set(ids).size, ids.length, "a conversation comes twice");
    for (const { conversation: { id }, messages, version } of deltas) {
      const known = since[id] ?? 0;
      ok(messages.every((message) => message.version > known && message.version <= version), "nothing new");
    }
    notebook.apply(deltas);
    if (!more) return pages;
  }
}

Deno.test("[J75] for any history, whatever a device knows and however small its pages, sync is what it misses", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = seeded(seed);
    const below = (n: number) => Math.floor(random() * n);
    await using cluster = await ChatCluster.open(["a"], { people: PEOPLE, seed });
    const node = cluster.node("a");
    const group = await cluster.group("a", ["a"], [2, 3]);
    const devices: Notebook[] = [];
    for (let step = 0; step < 150; step++) {
      const other = 2 + below(PEOPLE - 1);
      const seq = 1 + below(20);
      const conversation = random() < 0.5 ? group : direct(ANN, other);
      const acts: (() => Promise<unknown>)[] = [
        () => write(node, other, ANN, `${step}`),
        () => write(node, ANN, other, `${step}`),
        () => node.say(group, 1 + below(3), `${step}`),
        () => node.at(conversation, ANN).edit({ seq, text: `edit ${step}` }),
        () => node.at(conversation, ANN).recall({ seq }),
        () => node.at(conversation, ANN).read({ seq }),
        () => node.at(conversation, ANN).settings({ muted: random() < 0.5 }),
        () => node.at(group, ANN).update({ title: `Title ${step}` }),
      ];
      const act = acts[below(acts.length)]!;
      await cluster.run(
        act().catch((error) => {
          if (!(error instanceof BarrageError)) throw error;
        }),
      );
      if (random() < 0.1) {
        const notebook = new Notebook();
        await catchUp(cluster, ANN, notebook, 20);
        devices.push(notebook);
      }
    }
    for (const notebook of [...devices, new Notebook()]) {
      await catchUp(cluster, ANN, notebook, 1 + below(30));
      for (const [conversation, view] of notebook.conversations) {
        const stored = await cluster.stored(conversation);
        const had = notebook.messages(conversation);
        deepEqual(had, stored.slice((had[0]?.seq ?? 1) - 1), `seed ${seed}`);
        const { last: _last, ...now } = await cluster.run(node.at(conversation, ANN).open({}));
        const { last: _known, ...known } = view;
        deepEqual(known, now);
      }
    }
  }
});

Deno.test("[J61] what is said after the store was asked and before the node listens is in the answer all the same", async () => {
  await using cluster = await ChatCluster.open(["a", "b"]);
  const group = await cluster.group("a", ["a", "b"], [2]);
  const [node, other] = [cluster.node("b"), cluster.node("a")];
  const known = new Notebook();
  await catchUp(cluster, 2, known, 500);
  let asked = 0;
  const memberships: Pick<MembershipStore, "ofUser"> = {
    async ofUser(user, page) {
      const found = await cluster.storage.memberships.ofUser(user, page);
      if (asked++ === 0) await other.say(group, 1, "just-now");
      return found;
    },
  };
  const seat = node.chat.hub.open(person(2).id, { codec: json, send() {}, notify() {} });
  const sync = new ChatSync({ node: node.node, hub: node.chat.hub, memberships });
  const { result } = await cluster.run(sync.sync(seat, viewer(2), { since: known.since, limit: 10 }));
  known.apply(result.deltas);
  equal(known.texts(group).at(-1), "just-now");
});

Deno.test("[J76] conversations whose version a device knows are not woken up for it", async () => {
  await using cluster = await ChatCluster.open(["a"], { people: 20 });
  for (let other = 2; other <= 20; other++) {
    await cluster.run(write(cluster.node("a"), other, ANN, `hello-${other}`));
  }
  const notebook = new Notebook();
  await catchUp(cluster, ANN, notebook, 500);
  cluster.node("a").kill();
  const restarted = await cluster.start("a");
  await cluster.clock.advance(15_000);
  const actors = () =>
    restarted.node.stats().find(({ definition }) => definition.kind === "conversation")?.active;
  await catchUp(cluster, ANN, notebook, 500);
  equal(actors(), 0);
  await cluster.run(write(restarted, 2, ANN, "again"));
  await catchUp(cluster, ANN, notebook, 500);
  equal(actors(), 1);
  equal(notebook.texts(direct(ANN, 2)).at(-1), "again");
});

Deno.test("[J77] a new device gets the newest of each conversation, and nothing of those its user has left", async () => {
  await using cluster = await ChatCluster.open(["a"]);
  const node = cluster.node("a");
  const group = await cluster.group("a", ["a"], [2, 3]);
  for (let n = 1; n <= 50; n++) await cluster.run(node.say(group, 1, `line-${n}`));
  const left = new Notebook();
  await catchUp(cluster, 3, left, 500);
  await cluster.run(node.at(group, 3).leave({}));
  const notebook = new Notebook();
  await catchUp(cluster, 2, notebook, 500);
  // And the leaving itself.
  deepEqual(notebook.texts(group).slice(0, -1), Array.from({ length: 19 }, (_, n) => `line-${n + 32}`));
  deepEqual((await cluster.run(node.page(3, {}, 500))).deltas, []);
  await catchUp(cluster, 3, left, 500);
  equal(left.states.get(group), "gone");
  equal(left.messages(group).at(-1)?.kind, "change");
});

Deno.test("[J78] a conversation that cannot be asked keeps back no other one, and is asked for again", async () => {
  await using cluster = await ChatCluster.open(["a", "b", "c"]);
  const ids = ["a", "b", "c"];
  const groups = [await cluster.group("b", ids, [2]), await cluster.group("c", ids, [2])];
  cluster.node("b").kill();
  for (const group of groups) cluster.node("c").say(group, 1, "hello").catch(() => {});
  const device = cluster.node("a").device(2);
  await cluster.clock.advance(2_500);
  deepEqual([...device.notebook.conversations.keys()], [groups[1]]);
  await cluster.clock.advance(25_000);
  deepEqual(new Set(device.notebook.conversations.keys()), new Set(groups));
});

Deno.test("[J79] of two syncs of one socket at once the second is refused, and what rings meanwhile is told behind the answer", async () => {
  await using cluster = await ChatCluster.open(["a"]);
  const node = cluster.node("a");
  const told: string[] = [];
  const seat = node.chat.hub.open(person(ANN).id, {
    codec: json,
    send: (frame) => void told.push(JSON.parse(frame as string).method),
    notify: (method) => void told.push(method),
  });
  const sync = new ChatSync({
    node: node.node,
    hub: node.chat.hub,
    memberships: cluster.storage.memberships,
  });
  const first = sync.sync(seat, viewer(ANN), { since: {}, limit: 10 });
  await rejects(sync.sync(seat, viewer(ANN), { since: {}, limit: 10 }), { reason: "conflict" });
  const { onSent } = await cluster.run(first);
  await cluster.run(write(node, 2, ANN, "hello"));
  await cluster.clock.settle();
  deepEqual(told, []);
  onSent();
  deepEqual(told, ["chat.stale"]);
});
