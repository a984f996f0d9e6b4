import assert from "node:assert/strict";
import fc from "fast-check";
import type { ActorNode } from "actors/runtime/node.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { RuntimeStage } from "tests/support/runtime_stage.ts";

const KEYS = ["01JD3Y4B6V8Q2Z5K7M9N0P1R2A", "01JD3Y4B6V8Q2Z5K7M9N0P1R2B", "01JD3Y4B6V8Q2Z5K7M9N0P1R2C"];

type Step =
  | {
    readonly do: "add";
    readonly key: number;
    readonly sender: number;
    readonly burst: number;
    readonly retry: boolean;
  }
  | { readonly do: "arm"; readonly key: number; readonly inMs: number }
  | { readonly do: "crash"; readonly key: number }
  | { readonly do: "kill" }
  | { readonly do: "restart" }
  | { readonly do: "freeze"; readonly ms: number }
  | { readonly do: "wait"; readonly ms: number };

const key = fc.nat(KEYS.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      key,
      sender: fc.nat(2),
      burst: fc.integer({ min: 1, max: 8 }),
      retry: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("arm" as const), key, inMs: fc.nat(3_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("crash" as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("freeze" as const), ms: fc.integer({ min: 100, max: 20_000 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(4_000) }) },
);

interface Sent {
  readonly key: string;
  readonly sender: string;
  readonly text: string;
  /** The node that took it; a dead one owes no answer. */
  readonly node: ActorNode;
  state: "open" | "acked" | "refused";
}

/** Runs the steps against real nodes on a real database and keeps what the world outside can know. */
class World {
  readonly sent: Sent[] = [];
  readonly armed: Sent[] = [];
  readonly dead = new Set<ActorNode>();
  readonly #running = new Map<string, number>();
  overlaps = 0;
  #node!: ActorNode;
  #texts = 0;

  constructor(readonly stage: RuntimeStage) {}

  async boot(): Promise<void> {
    const node = this.stage.make("a", { limits: { idleMs: 2_000 } });
    const turn = (key: string, edge: "begin" | "end") => {
      if (this.dead.has(node)) return;
      const now = (this.#running.get(key) ?? 0) + (edge === "begin" ? 1 : -1);
      this.#running.set(key, now);
      if (now > 1) this.overlaps++;
    };
    node.host(ledgerActor, ledgerFactory(this.stage.storage.rooms, { turn }));
    await node.start();
    this.#node = node;
  }

  async run(step: Step): Promise<void> {
    const { clock } = this.stage;
    switch (step.do) {
      case "add":
        for (let n = 0; n < step.burst; n++) this.#add(KEYS[step.key]!, `user ${step.sender}`, step.retry);
        return;
      case "arm":
        return this.#arm(KEYS[step.key]!, step.inMs);
      case "crash":
        this.#node.ref(ledgerActor, KEYS[step.key]!).crash({}).catch(() => {});
        return;
      case "kill":
        this.stage.kill(this.#node);
        this.dead.add(this.#node);
        this.#running.clear();
        return await this.boot();
      case "restart": {
        const stopped = this.#node.stop(500);
        await clock.advance(2_000);
        await stopped;
        return await this.boot();
      }
      case "freeze":
        clock.pause(step.ms);
        return await clock.settle();
      case "wait":
        return await clock.advance(step.ms);
    }
  }

  #add(key: string, sender: string, retry: boolean): void {
    const sent: Sent = { key, sender, text: `add ${this.#texts++}`, node: this.#node, state: "open" };
    this.sent.push(sent);
    const ref = this.#node.ref(ledgerActor, key, {
      kind: "user",
      user: { id: sender, name: sender },
      standing: "member",
      session: sender,
    });
    const send = () => ref.add({ text: sent.text }, retry ? { id: sent.text } : {});
    settle(send(), sent);
    if (retry) send().catch(() => {});
  }

  #arm(key: string, inMs: number): void {
    const text = `timer ${this.#texts++}`;
    const sent: Sent = { key, sender: "timer", text, node: this.#node, state: "open" };
    this.armed.push(sent);
    settle(
      this.#node.ref(ledgerActor, key).arm({ name: text, dueAt: this.stage.clock.now() + inMs, text }),
      sent,
    );
  }
}

function settle(answer: Promise<unknown>, sent: Sent): void {
  answer.then(() => sent.state = "acked", () => sent.state = "refused");
}

async function check(world: World): Promise<void> {
  assert.equal(world.overlaps, 0, "two turns of one actor ran at once");
  const ofLiving = [...world.sent, ...world.armed].filter(({ node }) => !world.dead.has(node));
  assert.deepEqual(ofLiving.filter(({ state }) => state === "open"), [], "a command was never answered");
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
    for (const { key: at, state, text } of [...world.sent, ...world.armed]) {
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

Deno.test("[R30] whatever happens: one turn at a time, every command answered, every acked effect stored once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      await using stage = await RuntimeStage.open();
      const world = new World(stage);
      await world.boot();
      for (const step of steps) await world.run(step);
      // Longer than any deadline, restart pause, lease and timer retry.
      await stage.clock.advance(180_000);
      await check(world);
    }),
    {
      numRuns: Number(Deno.env.get("MODEL_RUNS") ?? 30),
      seed: Number(Deno.env.get("MODEL_SEED") ?? 20_261_120),
    },
  );
});
