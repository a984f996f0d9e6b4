import { deepEqual, equal, ok } from "node:assert/strict";
import { BarrageError, ERRORS } from "protocol/errors.ts";
import type { History } from "protocol/chat.ts";
import { callConversation } from "routes/gateway/chat/chat_calls.ts";
import type { SignedIn } from "routes/verifier.ts";
import { outcome } from "tests/support/conversation_stage.ts";
import { ChatCluster, type ChatDevice, type ChatNode } from "tests/support/chat_cluster.ts";
import { person, seeded, viewer } from "tests/support/room_stage.ts";

const NODES = ["a", "b", "c"];
const OTHERS = [2, 3, 4, 5, 6];
const PAUSE_MS = 40;

/** Says one thing after the other through living nodes, each again until it is acknowledged. */
class Talker {
  readonly said: string[] = [];
  readonly #cluster: ChatCluster;
  readonly #group: string;
  #on = true;
  readonly #done: Promise<void>;

  constructor(cluster: ChatCluster, group: string) {
    this.#cluster = cluster;
    this.#group = group;
    this.#done = this.#talk();
  }

  async stop(): Promise<void> {
    this.#on = false;
    await this.#done;
  }

  async #talk(): Promise<void> {
    for (let n = 0; this.#on; n++) {
      while (!await this.#acknowledged(`line-${n}`)) await this.#pause();
      this.said.push(`line-${n}`);
      await this.#pause();
    }
  }

  async #acknowledged(text: string): Promise<boolean> {
    try {
      await this.#cluster.node("a").say(this.#group, 1, text);
      return true;
    } catch (error) {
      if (ERRORS[BarrageError.from(error).reason].retry) return false;
      throw error;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#cluster.clock.after(PAUSE_MS, resolve));
  }
}

/** Everything that there is, once and in order. */
async function checkWhole(
  cluster: ChatCluster,
  group: string,
  devices: readonly ChatDevice[],
  said: string[],
) {
  const stored = await cluster.stored(group);
  deepEqual(stored.flatMap((message) => message.kind === "sent" ? [message.text] : []), said);
  deepEqual(stored.map(({ seq }) => seq), stored.map((_, n) => n + 1));
  for (const { user, notebook } of devices) {
    const messages = notebook.messages(group);
    const first = messages[0]?.seq ?? 0;
    ok(first > 0, `user ${user} has nothing`);
    deepEqual(messages, stored.slice(first - 1), `user ${user}`);
  }
}

/** Each user at every living node but `without`, at different times. */
async function goLive(cluster: ChatCluster, ms: number, without?: string): Promise<ChatDevice[]> {
  const devices: ChatDevice[] = [];
  const nodes = NODES.filter((id) => id !== without);
  for (let passed = 0; passed < ms; passed += 130) {
    const user = OTHERS[devices.length % OTHERS.length]!;
    devices.push(cluster.node(nodes[devices.length % nodes.length]!).device(user));
    await cluster.clock.advance(130);
  }
  return devices;
}

/** Nobody is told twice on one device what did not change. */
function checkOnce(devices: readonly ChatDevice[]): void {
  for (const { notebook } of devices) {
    const versions = notebook.told.map(({ version }) => version);
    deepEqual(versions, [...new Set(versions)].sort((a, b) => a - b));
  }
}

Deno.test("[J67] those who go live under continuous talk, on whichever node, miss nothing and are told nothing twice", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const group = await cluster.group("b", NODES, OTHERS);
  const talker = new Talker(cluster, group);
  const devices = await goLive(cluster, 4_000);
  await cluster.run(talker.stop());
  await cluster.clock.advance(500);
  await checkWhole(cluster, group, devices, talker.said);
  checkOnce(devices);
  ok(devices.every(({ notebook }) => notebook.told.length > 0));
});

Deno.test("[J67] they miss nothing while the conversation changes its node", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const group = await cluster.group("b", NODES, OTHERS);
  const talker = new Talker(cluster, group);
  const devices = await goLive(cluster, 1_000);
  const handed = cluster.node("b").node.handEverythingOver(10_000);
  devices.push(...await goLive(cluster, 3_000));
  await cluster.run(handed);
  await cluster.run(talker.stop());
  await cluster.clock.advance(3_000);
  await checkWhole(cluster, group, devices, talker.said);
  checkOnce(devices);
});

Deno.test("[J67] they miss nothing over a kill of the conversation's node", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const group = await cluster.group("b", NODES, OTHERS);
  const talker = new Talker(cluster, group);
  const devices = await goLive(cluster, 1_000, "b");
  cluster.node("b").kill();
  devices.push(...await goLive(cluster, 16_000, "b"));
  await cluster.run(talker.stop());
  await cluster.clock.advance(6_000);
  await checkWhole(cluster, group, devices, talker.said);
});

for (const [who, cut] of [["whoever listens", "c"], ["the conversation's own node", "b"]] as const) {
  Deno.test(`[J68] what the bus loses while ${who} is cut off is made up for, also when nothing more is said`, async () => {
    await using cluster = await ChatCluster.open(NODES);
    const group = await cluster.group("b", NODES, OTHERS);
    const devices = ["a", "b", "c"].map((id, n) => cluster.node(id).device(OTHERS[n]!));
    await cluster.clock.advance(1_000);
    const said = ["before", "during"];
    await cluster.run(cluster.node("b").say(group, 1, "before"));
    await cluster.clock.advance(100);
    cluster.node(cut).road.disconnect();
    await cluster.run(cluster.node("b").say(group, 1, "during"));
    await cluster.clock.advance(2_000);
    const deaf = devices[NODES.indexOf(cut)]!;
    deepEqual(deaf.notebook.texts(group).at(-1), "before");
    cluster.node(cut).road.reconnect();
    await cluster.clock.advance(4_000);
    await checkWhole(cluster, group, devices, said);
  });
}

async function move(node: ChatNode, group: string, user: number, away: boolean): Promise<void> {
  if (away) return void await node.at(group, 1).remove({ user: person(user).id });
  await node.at(group, 1).invite({ users: [person(user).id] });
  await node.at(group, user).join({});
}

/** He was no member, or was removed between his invitation and his coming, or nobody could be asked. */
function ignoreRefusal(error: unknown): void {
  if (!(error instanceof BarrageError)) throw error;
}

Deno.test("[J64] under random comings and goings everybody has what was said while he was a member, and nothing else", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const random = seeded(seed);
    const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
    await using cluster = await ChatCluster.open(NODES, { seed });
    const group = await cluster.group(pick(NODES), NODES, OTHERS);
    const devices = NODES.flatMap((id) => OTHERS.map((user) => cluster.node(id).device(user)));
    const talker = new Talker(cluster, group);
    const moves: Promise<unknown>[] = [];
    for (let step = 0; step < 60; step++) {
      const user = pick(OTHERS);
      const node = cluster.node(pick(NODES));
      moves.push(move(node, group, user, random() < 0.5).catch(ignoreRefusal));
      if (random() < 0.1) {
        node.road.disconnect();
        cluster.clock.after(Math.floor(random() * 300), () => node.road.reconnect());
      }
      await cluster.clock.advance(Math.floor(random() * 200));
    }
    await cluster.clock.advance(10_000);
    await cluster.run(Promise.all(moves));
    await cluster.run(talker.stop());
    await cluster.clock.advance(8_000);
    const stored = await cluster.stored(group);
    // Between somebody's coming and his going every place is one he may see.
    for (const { user, notebook } of devices) {
      const id = person(user).id;
      let member = false;
      const visible = new Set<number>();
      for (const message of stored) {
        const change = message.kind === "change" ? message.change : undefined;
        const comes = change?.what === "joined" && change.users.some((one) => one.id === id);
        const goes = change?.what === "removed" && change.users.some((one) => one.id === id);
        if (comes) member = true;
        if (member) visible.add(message.seq);
        if (goes) member = false;
      }
      const seqs = notebook.messages(group).map(({ seq }) => seq);
      deepEqual(seqs.filter((seq) => !visible.has(seq)), [], `seed ${seed}: user ${user} sees too much`);
      const last = [...visible].at(-1) ?? 0;
      if (member) equal(seqs.at(-1), last, `seed ${seed}: user ${user} is behind`);
    }
  }
});

Deno.test("[J86] [O14] pages of the longest messages come over the bus, shorter than was asked for", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const group = await cluster.group("b", NODES, OTHERS);
  const [there, here] = [cluster.node("b"), cluster.node("a")];
  const text = "\u{1F600}".repeat(4_000);
  for (let n = 0; n < 100; n++) await cluster.run(there.at(group, 1).send({ id: `long-${n}`, text }));
  const history = { after: 0, limit: 200 };
  equal(await outcome(cluster.run(here.at(group, 2).history(history))), "too_large");
  const call = { node: here.node, caller: viewer(2) as SignedIn, options: {} };
  const found = await cluster.run(
    callConversation("chat.history", call, { conversation: group, ...history }),
  );
  const { messages, newer } = found as History;
  deepEqual([messages.length > 10, newer, messages[0]?.seq], [true, true, 2]);
  const page = await cluster.run(here.page(2, { [group]: 7 }, 500));
  equal(page.more, true);
  equal(page.deltas[0]?.messages[0]?.version, 8);
});

Deno.test("[J69] a message to a group of a thousand live sockets on three nodes crosses the bus once", async () => {
  const people = 1_000;
  await using cluster = await ChatCluster.open(NODES, { people });
  const everybody = Array.from({ length: people - 1 }, (_, n) => n + 2);
  const group = await cluster.group("a", NODES, everybody);
  const devices = everybody.map((user, n) => cluster.node(NODES[n % 3]!).device(user));
  await cluster.clock.advance(2_000);
  const seen = await cluster.observe("barrage.v1.>");
  await cluster.run(cluster.node("b").say(group, 1, "to-all"));
  await cluster.clock.advance(50);
  equal(devices.filter(({ notebook }) => notebook.texts(group).at(-1) === "to-all").length, people - 1);
  deepEqual(
    seen.filter(({ subject }) => subject.includes(".evt.conversation.")).map(({ headers }) =>
      headers["method"]
    ),
    [
      "chat.message",
    ],
  );
});
