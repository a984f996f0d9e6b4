import assert from "node:assert/strict";
import { z } from "zod";
import { defineActor } from "actors/runtime/definition.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

const boundActor = defineActor({
  kind: "bound",
  placement: "node",
  key: z.string(),
  verbs: { ask: { input: z.object({}), output: z.object({ n: z.number() }) } },
});

Deno.test("[R21] an actor bound to its node exists from spawn to retire, and is never sent away as idle", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { idleMs: 1_000 } });
  node.host(boundActor);
  await node.start();
  const ref = node.ref(boundActor, "one");
  assert.equal(await outcome(ref.ask({})), "not_found");
  let ended = 0;
  let n = 0;
  node.spawn(boundActor, "one", () => ({ ask: () => ({ n: ++n }), onEnd: () => void ended++ }));
  assert.deepEqual(await ref.ask({}), { n: 1 });
  await stage.clock.advance(60_000);
  assert.deepEqual(await ref.ask({}), { n: 2 });
  assert.throws(() => node.spawn(boundActor, "one", () => ({ ask: () => ({ n: 0 }) })), {
    reason: "conflict",
  });
  const waiting = ref.ask({});
  node.retire(boundActor, "one");
  assert.equal(await outcome(waiting), "gone");
  assert.equal(ended, 1);
  assert.equal(await outcome(ref.ask({})), "not_found");
});

Deno.test("[R21] a bound actor outlives the node's lease: sockets stay while shards move", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  node.host(boundActor);
  await node.start();
  node.spawn(boundActor, "one", () => ({ ask: () => ({ n: 1 }) }));
  await node.ref(boundActor, "one").ask({});
  stage.clock.pause(60_000);
  await stage.clock.advance(10_000);
  assert.deepEqual(await node.ref(boundActor, "one").ask({}), { n: 1 });
});
