import assert from "node:assert/strict";
import { BarrageError } from "protocol/errors.ts";
import { gate, probeActor, probeFactory, ProbeLog } from "tests/support/probe_actor.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

Deno.test("[R12] a domain error answers its caller and leaves the actor as it was", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      say: (text) => {
        if (text === "no") throw new BarrageError("conflict", "Not now");
      },
    }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  const error = await ref.say({ text: "no" }).catch((error) => error);
  assert.deepEqual([error.reason, error.message], ["conflict", "Not now"]);
  assert.deepEqual(await ref.say({ text: "yes" }), { text: "yes" });
  assert.equal(log.births, 1);
});

Deno.test("[R13] any other failure is answered internal without its cause, and the actor restarts after a pause", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      say: (text) => {
        if (text === "crash") throw new Error("the password is hunter2");
      },
    }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  const crash = ref.say({ text: "crash" });
  const waiting = ref.say({ text: "waiting" });
  const error = await crash.catch((error) => error);
  assert.equal(error.reason, "internal");
  assert.ok(!error.message.includes("hunter2"));
  assert.equal(await outcome(waiting), "open");
  assert.deepEqual(await node.ref(probeActor, "other").say({ text: "fine" }), { text: "fine" });
  await stage.clock.advance(100);
  assert.deepEqual(await waiting, { text: "waiting" });
  assert.equal(log.births, 3);
  assert.equal(node.counters.restarts, 1);
});

Deno.test("[R13] the pause doubles with every crash in a row, up to a bound", async () => {
  await using stage = await RuntimeStage.open();
  const restart = { baseMs: 100, maxMs: 800, healthyMs: 60_000 };
  const node = stage.make("a", { limits: { restart, callTimeoutMs: 1e6, idleMs: 1e9 } });
  const births: number[] = [];
  node.host(
    probeActor,
    probeFactory(new ProbeLog(), {
      activate: () => {
        births.push(stage.clock.monotonic());
        if (births.length <= 6) throw new Error("database away");
      },
    }),
  );
  await node.start();
  const answer = node.ref(probeActor, "one").say({ text: "patient" });
  await stage.clock.advance(5_000);
  await answer;
  const pauses = births.slice(1).map((at, n) => at - births[n]!);
  for (const [n, bound] of [100, 200, 400, 800, 800, 800].entries()) {
    assert.ok(pauses[n]! >= bound / 2 && pauses[n]! <= bound, `pause ${n} was ${pauses[n]} ms`);
  }
});

Deno.test("[R14] after a healthy time the pause is short again", async () => {
  await using stage = await RuntimeStage.open();
  const restart = { baseMs: 100, maxMs: 30_000, healthyMs: 10_000 };
  const node = stage.make("a", { limits: { restart, idleMs: 1e9 } });
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      say: () => {
        throw new Error("crash");
      },
    }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  for (let crash = 0; crash < 4; crash++) {
    assert.equal(await outcome(ref.say({ text: "crash" }), stage.clock.advance(2_000)), "internal");
  }
  await ref.gather({ text: "up" });
  await stage.clock.advance(10_001);
  assert.equal(await outcome(ref.say({ text: "crash" })), "internal");
  assert.deepEqual(await outcome(ref.gather({ text: "back" }), stage.clock.advance(100)), { text: "back" });
});

Deno.test("[R9] what was held when the actor crashed is answered unavailable", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      gather: (calls) => calls.forEach((call) => call.hold()),
      say: () => {
        throw new Error("crash");
      },
    }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  const both = [outcome(ref.gather({ text: "held" })), outcome(ref.say({ text: "crash" }))];
  assert.deepEqual(await Promise.all(both), ["unavailable", "internal"]);
});

Deno.test("[R22] a domain error while starting refuses everything that waits and leaves nothing in memory", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      activate: () => {
        throw new BarrageError("not_found");
      },
    }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  assert.deepEqual(await Promise.all([outcome(ref.say({ text: "1" })), outcome(ref.bell({ text: "2" }))]), [
    "not_found",
    "not_found",
  ]);
  const stats = node.stats().map(({ definition: { kind }, active, waiting }) => ({ kind, active, waiting }));
  assert.deepEqual(stats, [{ kind: "probe", active: 0, waiting: 0 }]);
});

Deno.test("[R13] an actor that cannot start is tried again while its commands wait for their deadlines", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      activate: () => {
        if (log.births < 4) throw new Error("database away");
      },
    }),
  );
  await node.start();
  const answer = node.ref(probeActor, "one").say({ text: "patient" });
  await stage.clock.advance(1_000);
  assert.deepEqual(await answer, { text: "patient" });
  assert.equal(log.births, 4);
});

Deno.test("[R25] a timer of an incarnation ends with it", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { idleMs: 1e9 } });
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      say: (text, _turn, self) => {
        if (text === "arm") self.after(500, "bell", { text: "rang" });
        if (text === "crash") throw new Error("crash");
      },
    }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  await ref.say({ text: "arm" });
  await stage.clock.advance(500);
  assert.deepEqual(log.lines, ["arm", "rang"]);
  await ref.say({ text: "arm" });
  await ref.say({ text: "crash" }).catch(() => {});
  await stage.clock.advance(2_000);
  assert.deepEqual(log.lines, ["arm", "rang", "arm", "crash"]);
});

Deno.test("[R15] a command with a known id gets the first answer and does not run again", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(
    probeActor,
    probeFactory(log, { say: () => slow.promise.then(() => ({ text: `${log.lines.length}` })) }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  const both = [ref.say({ text: "x" }, { id: "i1" }), ref.say({ text: "x" }, { id: "i1" })];
  slow.resolve();
  assert.deepEqual(await Promise.all(both), [{ text: "1" }, { text: "1" }]);
  assert.deepEqual(await ref.say({ text: "x" }, { id: "i1" }), { text: "1" });
  assert.deepEqual(await ref.say({ text: "x" }, { id: "i2" }), { text: "2" });
});

Deno.test("[R15] ids belong to their sender, are forgotten in time, and a refusal is not remembered", async () => {
  await using stage = await RuntimeStage.open();
  const limits = {
    dedupe: { maxCount: 2, maxAgeMs: 1_000 },
    mailbox: { maxCount: 1, maxBytes: 1e6, maxAgeMs: 1e6, reservedCount: 1 },
  };
  const node = stage.make("a", { limits });
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { say: (text) => text === "block" ? slow.promise : undefined }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const blocker = ref.say({ text: "block" });
  await stage.clock.settle();
  const waiting = ref.say({ text: "waiting" });
  assert.equal(await outcome(ref.say({ text: "refused" }, { id: "r" })), "overloaded");
  slow.resolve();
  await Promise.all([blocker, waiting]);
  await ref.say({ text: "refused" }, { id: "r" });
  await node.ref(probeActor, "one", { kind: "operator", name: "op" }).say({ text: "other sender" }, {
    id: "r",
  });
  await stage.clock.advance(1_001);
  await ref.say({ text: "after a while" }, { id: "r" });
  assert.deepEqual(log.lines, ["block", "waiting", "refused", "other sender", "after a while"]);
});
