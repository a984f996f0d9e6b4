import assert from "node:assert/strict";
import type { MailboxLimits } from "actors/runtime/mailbox.ts";
import { gate, probeActor, probeFactory, ProbeLog } from "tests/support/probe_actor.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

const ROOMY: MailboxLimits = { maxCount: 100, maxBytes: 1e6, maxAgeMs: 1e6, reservedCount: 2 };

async function blocked(stage: RuntimeStage, mailbox: MailboxLimits) {
  const node = stage.make("a", { limits: { mailbox, callTimeoutMs: 1e6 } });
  const [log, open] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { say: (text) => text === "block" ? open.promise : undefined }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const blocker = ref.say({ text: "block" });
  await stage.clock.settle();
  return { node, log, open, ref, blocker };
}

Deno.test("[R3] over the count the newest command is refused, told when to retry, and counted", async () => {
  await using stage = await RuntimeStage.open();
  const { node, log, open, ref, blocker } = await blocked(stage, { ...ROOMY, maxCount: 2 });
  const kept = [ref.say({ text: "1" }), ref.say({ text: "2" })];
  const error = await ref.say({ text: "3" }).catch((error) => error);
  assert.equal(error.reason, "overloaded");
  assert.ok(error.details.retryAfterMs >= 50 && error.details.retryAfterMs <= 5_000);
  assert.equal(node.drops.of("mailbox", "overloaded"), 1);
  open.resolve();
  await Promise.all([blocker, ...kept]);
  assert.deepEqual(log.lines, ["block", "1", "2"]);
});

Deno.test("[R4] over the bytes the newest command is refused, but one alone is always taken", async () => {
  await using stage = await RuntimeStage.open();
  const { open, ref, blocker } = await blocked(stage, { ...ROOMY, maxBytes: 1_000 });
  const big = ref.say({ text: "big" }, { bytes: 5_000 });
  assert.equal(await outcome(ref.say({ text: "small" }, { bytes: 1 })), "overloaded");
  open.resolve();
  await Promise.all([blocker, big]);
  assert.deepEqual(await ref.say({ text: "small" }, { bytes: 1 }), { text: "small" });
});

Deno.test("[R5] when the oldest command has waited too long, new ones are refused", async () => {
  await using stage = await RuntimeStage.open();
  const { open, ref, blocker } = await blocked(stage, { ...ROOMY, maxAgeMs: 500 });
  const old = ref.say({ text: "old" });
  await stage.clock.advance(500);
  const same = ref.say({ text: "at the bound" });
  await stage.clock.advance(1);
  assert.equal(await outcome(ref.say({ text: "new" })), "overloaded");
  open.resolve();
  await Promise.all([blocker, old, same]);
});

Deno.test("[R6] the reserved lane is open when the mailbox is full, is served first, and has its own bound", async () => {
  await using stage = await RuntimeStage.open();
  const { log, open, ref, blocker } = await blocked(stage, { ...ROOMY, maxCount: 1 });
  const waiting = [ref.say({ text: "normal" }), ref.bell({ text: "bell 1" }), ref.bell({ text: "bell 2" })];
  assert.equal(await outcome(ref.say({ text: "too many" })), "overloaded");
  assert.equal(await outcome(ref.bell({ text: "bell 3" })), "overloaded");
  open.resolve();
  await Promise.all([blocker, ...waiting]);
  assert.deepEqual(log.lines, ["block", "bell 1", "bell 2", "normal"]);
});

Deno.test("[R10] a command past its deadline does not run; it is answered expired as soon as that is known", async () => {
  await using stage = await RuntimeStage.open();
  const { node, log, open, ref, blocker } = await blocked(stage, ROOMY);
  const late = ref.say({ text: "late" }, { timeoutMs: 1_000 });
  const bell = ref.bell({ text: "late bell" }, { timeoutMs: 1_000 });
  const answers = Promise.allSettled([late, bell]);
  await stage.clock.advance(999);
  assert.equal(await outcome(late), "open");
  await stage.clock.advance(101);
  assert.deepEqual((await answers).map((answer) => answer.status === "rejected" && answer.reason.reason), [
    "expired",
    "expired",
  ]);
  assert.equal(node.drops.of("mailbox", "expired"), 2);
  open.resolve();
  await blocker;
  assert.deepEqual(log.lines, ["block"]);
});

Deno.test("[R11] a running command past its deadline is answered timeout; its turn goes on and nothing overlaps it", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { say: (text) => text === "slow" ? slow.promise : undefined }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const running = outcome(ref.say({ text: "slow" }, { timeoutMs: 200 }), stage.clock.advance(300));
  const next = ref.say({ text: "next" });
  assert.equal(await running, "timeout");
  assert.equal(await outcome(next), "open");
  assert.equal(node.drops.of("turn", "timeout"), 1);
  slow.resolve();
  await next;
  assert.deepEqual([log.lines, log.overlap], [["slow", "next"], 1]);
});

Deno.test("[R27] a turn that does not end is reported, and its actor is not run a second time", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", { limits: { stuckTurnMs: 10_000 } });
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { say: () => slow.promise }));
  await node.start();
  const running = outcome(node.ref(probeActor, "one").say({ text: "stuck" }), stage.clock.advance(10_000));
  assert.equal(await running, "timeout");
  assert.equal(node.drops.of("turn", "stuck"), 0);
  await stage.clock.advance(200);
  assert.equal(node.drops.of("turn", "stuck"), 1);
  assert.equal(await outcome(node.ref(probeActor, "one").say({ text: "other" })), "open");
  assert.deepEqual(log.lines, ["stuck"]);
  slow.resolve();
});
