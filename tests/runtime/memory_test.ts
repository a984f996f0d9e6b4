import assert from "node:assert/strict";
import { gate, probeActor, probeFactory, ProbeLog } from "tests/support/probe_actor.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

Deno.test("[R16] an idle actor is flushed and leaves memory; the next command starts it anew", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { idleMs: 5_000 } });
  const log = new ProbeLog();
  let flushed = 0;
  node.host(probeActor, probeFactory(log, { passivate: () => void flushed++ }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  await ref.say({ text: "1" });
  await stage.clock.advance(4_000);
  await ref.say({ text: "2" });
  await stage.clock.advance(4_900);
  assert.deepEqual([flushed, log.births], [0, 1]);
  await stage.clock.advance(2_000);
  assert.deepEqual([flushed, node.stats()[0]!.active, node.counters.passivations], [1, 0, 1]);
  await ref.say({ text: "3" });
  assert.equal(log.births, 2);
});

Deno.test("[R16] a kind may leave memory sooner than the others, and not later", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { idleMs: 5_000 } });
  const [early, late] = [["early", 1_000], ["late", 60_000]].map(([kind, idleMs]) => {
    const definition = { ...probeActor, kind: kind as string, idleMs: idleMs as number };
    node.host(definition, probeFactory(new ProbeLog()));
    return definition;
  });
  await node.start();
  for (const definition of [early!, late!]) await node.ref(definition, "one").say({ text: "1" });
  const active = () => node.stats().map(({ active }) => active);
  await stage.clock.advance(900);
  assert.deepEqual(active(), [1, 1]);
  await stage.clock.advance(1_500);
  assert.deepEqual(active(), [0, 1]);
  await stage.clock.advance(4_000);
  assert.deepEqual(active(), [0, 0]);
});

Deno.test("[R16] a command that comes while an actor is flushed runs in a new incarnation", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { idleMs: 1_000 } });
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { passivate: () => slow.promise }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  await ref.say({ text: "1" });
  await stage.clock.advance(2_500);
  const answer = ref.say({ text: "2" });
  assert.equal(await outcome(answer), "open");
  slow.resolve();
  assert.deepEqual(await answer, { text: "2" });
  assert.deepEqual([log.births, node.stats()[0]!.active], [2, 1]);
});

Deno.test("[R16] an actor that holds a call is not idle", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { idleMs: 1_000, callTimeoutMs: 60_000 } });
  const log = new ProbeLog();
  node.host(probeActor, probeFactory(log, { gather: (calls) => calls.forEach((call) => call.hold()) }));
  await node.start();
  const held = outcome(node.ref(probeActor, "one").gather({ text: "held" }), stage.clock.advance(59_000));
  assert.equal(await held, "open");
  assert.equal(node.stats()[0]!.active, 1);
});

Deno.test("[R17][R18] over the cap the actors not used for longest leave memory, and a tenth more is the end", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { actorsMax: 20 } });
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { say: (text) => text === "block" ? slow.promise : undefined }));
  await node.start();
  for (let n = 0; n < 20; n++) {
    await node.ref(probeActor, `actor ${n}`).say({ text: "hello" });
    await stage.clock.advance(1);
  }
  await node.ref(probeActor, "actor 0").say({ text: "still here" });
  await node.ref(probeActor, "actor 20").say({ text: "hello" });
  await stage.clock.settle();
  const births = log.births;
  await node.ref(probeActor, "actor 0").say({ text: "was used lately" });
  assert.equal(log.births, births);
  await node.ref(probeActor, "actor 1").say({ text: "was not" });
  assert.equal(log.births, births + 1);

  const blocked = Array.from(
    { length: 30 },
    (_, n) => outcome(node.ref(probeActor, `busy ${n}`).say({ text: "block" })),
  );
  const answers = await Promise.all(blocked);
  assert.ok(node.stats()[0]!.active <= 22, `${node.stats()[0]!.active} actors in memory`);
  assert.equal(
    answers.filter((answer) => answer === "overloaded").length,
    node.drops.of("node", "overloaded"),
  );
  assert.ok(node.drops.of("node", "overloaded") >= 8);
  slow.resolve();
  await stage.clock.settle();
});

Deno.test("[R26] a draining node refuses what is new, finishes what waits, and flushes every actor", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const [log, slow] = [new ProbeLog(), gate()];
  let flushed = 0;
  const script = {
    say: (text: string) => text === "slow" ? slow.promise : undefined,
    passivate: () => void flushed++,
  };
  node.host(probeActor, probeFactory(log, script));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const work = [ref.say({ text: "slow" }), ref.say({ text: "waiting" })];
  await stage.clock.settle();
  const stopped = node.stop(2_000);
  assert.equal(await outcome(ref.say({ text: "new" })), "unavailable");
  slow.resolve();
  assert.deepEqual(await Promise.all(work), [{ text: "slow" }, { text: "waiting" }]);
  await stage.clock.advance(100);
  await stopped;
  assert.deepEqual([log.lines, flushed], [["slow", "waiting"], 1]);
  assert.deepEqual((await stage.storage.ownership.shards()).filter(({ owner }) => owner !== undefined), []);
  assert.deepEqual(await stage.storage.ownership.nodes(), []);
});

Deno.test("[R26] what does not finish inside the bound is answered unavailable", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { callTimeoutMs: 1e6 } });
  node.host(probeActor, probeFactory(new ProbeLog(), { say: () => gate().promise }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const stop = async () => {
    const stopped = node.stop(500);
    await stage.clock.advance(1_100);
    await stopped;
  };
  const stuck = ref.say({ text: "stuck" });
  const behind = ref.say({ text: "behind" });
  await stage.clock.settle();
  const stopped = stop();
  assert.deepEqual(await Promise.all([outcome(stuck, stopped), outcome(behind, stopped)]), [
    "unavailable",
    "unavailable",
  ]);
  assert.equal(node.stats()[0]!.active, 0);
});
