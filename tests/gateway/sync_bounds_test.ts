import { deepEqual, equal, ok } from "node:assert/strict";
import { directId } from "actors/conversation/conversation_ids.ts";
import { type ConversationVerbs, Sending } from "actors/conversation/definition.ts";
import { newMember } from "actors/conversation/members.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { KNOWN_MAX } from "protocol/chat.ts";
import { CHAT_METHODS } from "protocol/chat_methods.ts";
import { json } from "protocol/json.ts";
import { ChatSync } from "routes/gateway/chat/chat_sync.ts";
import { DEFAULT_CHAT_LIMITS } from "routes/gateway/chat/limits.ts";
import { ChatCluster, type ChatNode } from "tests/support/chat_cluster.ts";
import { Notebook } from "tests/support/notebook.ts";
import { person, ulid, viewer } from "tests/support/room_stage.ts";

const ANN = 1;
const OTHERS = 1_150;

function direct(other: number): string {
  return directId(person(ANN).id, person(other).id);
}

/** As if so many strangers had written one message each, long ago. */
async function manyWrote({ storage }: ChatCluster): Promise<void> {
  for (let other = 2; other <= OTHERS + 1; other++) {
    const id = direct(other);
    const place = { conversation: id, seq: 1, version: 1, id: ulid(other), sender: person(other), at: 1 };
    await storage.conversations.create({ kind: "direct", id, createdAt: 1 }, 0, [
      storage.memberships.put(
        id,
        [ANN, other].map((user) => ({ ...newMember(person(user)), version: 1 })),
      ),
      ...storage.messages.append([{ message: { kind: "sent", ...place, text: `${other}` }, clientId: "x" }]),
    ]);
  }
}

/** As a client does that knows more than it may name: the ids in order, range by range. */
async function syncInRanges(cluster: ChatCluster, node: ChatNode, notebook: Notebook): Promise<string[]> {
  const ids = [...notebook.versions.keys()].sort();
  const bounds: (string | undefined)[] = [undefined];
  for (let n = KNOWN_MAX; n < ids.length; n += KNOWN_MAX) bounds.push(ids[n - 1]);
  const changed: string[] = [];
  for (const [n, after] of bounds.entries()) {
    const until = bounds[n + 1];
    for (let more = true; more;) {
      const since = Object.fromEntries(
        [...notebook.versions].filter(([id]) =>
          (after === undefined || id > after) && (until === undefined || id <= until)
        ),
      );
      // A device that learns of many at once has to draw its bounds anew.
      if (Object.keys(since).length > KNOWN_MAX) {
        return [...changed, ...await syncInRanges(cluster, node, notebook)];
      }
      const range = { ...(after === undefined ? {} : { after }), ...(until === undefined ? {} : { until }) };
      const page = await cluster.run(node.page(ANN, since, 500, range));
      notebook.apply(page.deltas);
      changed.push(...page.deltas.map(({ conversation }) => conversation.id));
      ({ more } = page);
    }
  }
  return changed;
}

Deno.test("[J133] a user with more conversations than one sync may name has all of them, exactly, range by range", async () => {
  await using cluster = await ChatCluster.open(["a"], { people: 9 });
  await manyWrote(cluster);
  const node = cluster.node("a");
  const notebook = new Notebook();
  const first = await syncInRanges(cluster, node, notebook);
  deepEqual([first.length, new Set(first).size, notebook.versions.size], [OTHERS, OTHERS, OTHERS]);
  deepEqual(await syncInRanges(cluster, node, notebook), []);
  const ids = [...notebook.versions.keys()].sort();
  const [at, behind] = [ids[KNOWN_MAX - 1]!, ids[KNOWN_MAX]!];
  const wanted = [at, behind, direct(5)].sort();
  for (const id of wanted) {
    const other = Array.from({ length: OTHERS }, (_, n) => n + 2).find((n) => direct(n) === id)!;
    await cluster.run(node.at(id, other).send(Sending.parse({ id: "new", text: "new" })));
  }
  deepEqual((await syncInRanges(cluster, node, notebook)).sort(), wanted);
  for (const id of wanted) equal(notebook.texts(id).at(-1), "new");
});

Deno.test("[J133] a sync names at most 1,000 conversations", () => {
  const { params } = CHAT_METHODS["chat.sync"];
  const since = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [ulid(i), 1]));
  deepEqual([
    params.safeParse({ since: since(1_000) }).success,
    params.safeParse({ since: since(1_001) }).success,
  ], [
    true,
    false,
  ]);
});

Deno.test("[J133] what is outside the range stays as it is: live, and told of", async () => {
  await using cluster = await ChatCluster.open(["a"]);
  const node = cluster.node("a");
  const write = (other: number, id: string) =>
    cluster.run(node.at(direct(other), other).send(Sending.parse({ peer: person(ANN).id, id, text: id })));
  for (const other of [2, 3]) await write(other, "first");
  const [low, high] = [2, 3].sort((one, other) => direct(one) < direct(other) ? -1 : 1) as [number, number];
  const told: string[] = [];
  const seat = node.chat.hub.open(person(ANN).id, {
    codec: json,
    send: (frame) => void told.push(JSON.parse(frame as string).params.conversation),
    notify: (method) => void told.push(method),
  });
  const sync = new ChatSync({
    node: node.node,
    hub: node.chat.hub,
    memberships: cluster.storage.memberships,
  });
  const go = async (range: { after?: string; until?: string }) => {
    const { result, onSent } = await cluster.run(
      sync.sync(seat, viewer(ANN), { since: {}, limit: 9, ...range }),
    );
    onSent();
    return result.deltas.map(({ conversation }) => conversation.id);
  };
  deepEqual(await go({ until: direct(low) }), [direct(low)]);
  for (const other of [low, high]) await write(other, "second");
  await cluster.clock.settle();
  deepEqual(told, [direct(low)], "before its range is synced nothing is told of a conversation");
  deepEqual(await go({ after: direct(low) }), [direct(high)]);
  for (const other of [low, high]) await write(other, "third");
  await cluster.clock.settle();
  deepEqual(told, [direct(low), direct(low), direct(high)]);
});

Deno.test("[J132] a sync asks so many conversations at a time, and gives a new device so many messages of each", async () => {
  await using cluster = await ChatCluster.open(["a"], { people: 12 });
  const node = cluster.node("a");
  for (let other = 2; other <= 12; other++) {
    for (let n = 0; n < 3; n++) {
      const input = Sending.parse({ peer: person(ANN).id, id: `${n}`, text: "text" });
      await cluster.run(node.at(direct(other), other).send(input));
    }
  }
  let [asking, most] = [0, 0];
  const limits = { ...DEFAULT_CHAT_LIMITS, syncAtOnce: 4, firstMessages: 2 };
  const watched: ActorNode = Object.create(node.node, {
    ref: {
      value: (...args: Parameters<typeof node.node.ref<ConversationVerbs>>) => ({
        async since(...input: Parameters<Ref<ConversationVerbs>["since"]>) {
          most = Math.max(most, ++asking);
          const answer = await node.node.ref(...args).since(...input);
          asking--;
          return answer;
        },
      }),
    },
  });
  const { hub } = node.chat;
  const sync = new ChatSync({ node: watched, hub, memberships: cluster.storage.memberships, limits });
  const seat = hub.open(person(ANN).id, { codec: json, send() {}, notify() {} });
  const { result } = await cluster.run(sync.sync(seat, viewer(ANN), { since: {}, limit: 500 }));
  ok(!result.more);
  deepEqual(result.deltas.map(({ messages }) => messages.length), Array.from({ length: 11 }, () => 2));
  equal(most, 4);
});
