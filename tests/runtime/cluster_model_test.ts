import assert from "node:assert/strict";
import fc from "fast-check";
import type { ActorNode } from "actors/runtime/node.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { shardOf } from "actors/runtime/shard.ts";
import { RuntimeStage } from "tests/support/runtime_stage.ts";

const KEYS = ["01JD3Y4B6V8Q2Z5K7M9N0P1R2A", "01JD3Y4B6V8Q2Z5K7M9N0P1R2B", "01JD3Y4B6V8Q2Z5K7M9N0P1R2C"];

type Step =
  | {
    readonly do: "add";
    readonly node: number;
    readonly key: number;
    readonly sender: number;
    readonly burst: number;
  }
  | { readonly do: "crash"; readonly node: number; readonly key: number }
  | { readonly do: "kill"; readonly node: number; readonly reborn: boolean }
  | { readonly do: "stop"; readonly node: number }
  | { readonly do: "cut"; readonly node: number }
  | { readonly do: "restore"; readonly node: number }
  | { readonly do: "wait"; readonly ms: number };

const key = fc.nat(KEYS.length - 1);
const node = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      node,
      key,
      sender: fc.nat(2),
      burst: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash" as const), node, key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), node, reborn: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stop" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cut" as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("restore" as const), node }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(5_000) }) },
);

const ULID = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

interface Sent {
  readonly key: string;
  readonly sender: string;
  readonly text: string;
  /** The node that took it; a dead one owes no answer. */
  readonly node: ActorNode;
  state: string;
}

/** Three nodes over one database and one bus. A sender uses one node, as a socket does. */
class World {
  readonly sent: Sent[] = [];
  readonly dead = new Set<ActorNode>();
  readonly #running = new Map<string, number>();
  readonly #nodes: ActorNode[] = [];
  overlaps = 0;
  #texts = 0;
  #births = 0;

  constructor(readonly stage: RuntimeStage) {}

  async boot(place: number, id: string): Promise<void> {
    const node = this.stage.make(id, { limits: { idleMs: 2_000 } });
    const turn = (key: string, edge: "begin" | "end") => {
      if (this.dead.has(node)) return;
      const name = `${key} ${node.ownership.epochOf(shardOf("ledger", key))}`;
      const now = (this.#running.get(name) ?? 0) + (edge === "begin" ? 1 : -1);
      this.#running.set(name, now);
      if (now > 1) this.overlaps++;
    };
    node.host(ledgerActor, ledgerFactory(this.stage.storage.rooms, { turn }));
    this.#nodes[place] = node;
    await node.start();
  }

  async bootAll(): Promise<void> {
    for (const place of [0, 1, 2]) await this.boot(place, `node-${place}`);
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case "add":
        for (let n = 0; n < step.burst; n++) {
          this.#add(this.#nodes[step.node]!, KEYS[step.key]!, `user ${step.node} ${step.sender}`);
        }
        return;
      case "crash":
        this.#nodes[step.node]!.ref(ledgerActor, KEYS[step.key]!).crash({}).catch(() => {});
        return;
      case "kill":
        this.stage.kill(this.#nodes[step.node]!);
        this.dead.add(this.#nodes[step.node]!);
        this.#running.clear();
        return await this.boot(step.node, step.reborn ? `node-${step.node}` : `new-${this.#births++}`);
      case "stop": {
        const stopped = this.#nodes[step.node]!.stop(500);
        await this.stage.clock.advance(2_000);
        await stopped;
        return await this.boot(step.node, `node-${step.node}`);
      }
      case "cut":
        return this.stage.busOf(this.#nodes[step.node]!).disconnect();
      case "restore":
        return this.stage.busOf(this.#nodes[step.node]!).reconnect();
      case "wait":
        return await this.stage.clock.advance(step.ms);
    }
  }

  async calm(): Promise<void> {
    for (const node of this.#nodes) this.stage.busOf(node).reconnect();
    // Longer than any deadline, restart pause and lease.
    await this.stage.clock.advance(120_000);
  }

  #add(node: ActorNode, key: string, sender: string): void {
    const sent: Sent = { key, sender, text: `add ${this.#texts++}`, node, state: "open" };
    this.sent.push(sent);
    const ref = node.ref(ledgerActor, key, {
      kind: "user",
      user: { id: ULID, name: sender },
      standing: "member",
      session: ULID,
    });
    settle(ref.add({ text: sent.text }, { timeoutMs: 20_000 }), sent);
  }
}

function settle(answer: Promise<unknown>, sent: Sent): void {
  answer.then(() => sent.state = "acked", (error) => sent.state = error.reason);
}

async function check(world: World): Promise<void> {
  assert.equal(world.overlaps, 0, "two turns of one actor ran at once");
  const ofLiving = world.sent.filter(({ node }) => !world.dead.has(node));
  assert.deepEqual(
    ofLiving.filter(({ state }) => state === "open").map(({ text }) => text),
    [],
    "a command was never answered",
  );
  for (const key of KEYS) {
    const items = await world.stage.storage.rooms.itemsAfter(key, 0, 1_000);
    assert.deepEqual(
      items.map(({ item }) => item.offset),
      items.map((_, n) => n + 1),
      "the offsets have a hole",
    );
    const lines = await linesOf(world.stage.storage.rooms, key);
    assert.equal(new Set(lines).size, lines.length, "something was stored twice");
    const stored = new Set(lines);
    for (const { key: at, state, text } of world.sent) {
      if (at === key && state === "acked") assert.ok(stored.has(text), `acked and lost: ${text}`);
    }
    for (const sender of new Set(world.sent.map(({ sender }) => sender))) {
      const acked = world.sent.filter((sent) =>
        sent.key === key && sent.sender === sender && sent.state === "acked"
      )
        .map(({ text }) => text);
      assert.deepEqual(
        lines.filter((line) => acked.includes(line)),
        acked,
        "the order of one sender was changed",
      );
    }
  }
}

Deno.test("[R31] over several nodes, kills, stops and cuts of the bus: answered, stored once, each sender's order kept", async () => {
  const reasons = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      await using stage = await RuntimeStage.open();
      const world = new World(stage);
      await world.bootAll();
      for (const step of steps) await world.run(step);
      await world.calm();
      await check(world);
      for (const { state } of world.sent) reasons.set(state, (reasons.get(state) ?? 0) + 1);
    }),
    {
      numRuns: Number(Deno.env.get("MODEL_RUNS") ?? 20),
      seed: Number(Deno.env.get("MODEL_SEED") ?? 20_261_120),
    },
  );
  assert.ok((reasons.get("acked") ?? 0) > 300, `too little was acked to prove anything: ${[...reasons]}`);
});
