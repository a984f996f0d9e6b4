import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { BarrageError } from "protocol/errors.ts";
import { Later } from "actors/runtime/behaviour.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { gate, probeActor, probeFactory, ProbeLog } from "tests/support/probe_actor.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

function user(id: string): Caller {
  return { kind: "user", user: { id, name: id }, standing: "member", session: id };
}

Deno.test("[R1] turns of one actor never overlap, turns of two actors do", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { say: () => slow.promise }));
  await node.start();
  const answers = [1, 2, 3].map((n) => node.ref(probeActor, "one").say({ text: `one ${n}` }));
  const other = node.ref(probeActor, "two").say({ text: "two" });
  await stage.clock.settle();
  assert.deepEqual(log.lines, ["one 1", "two"]);
  slow.resolve();
  await Promise.all([...answers, other]);
  assert.deepEqual(log.lines, ["one 1", "two", "one 2", "one 3"]);
  assert.equal(log.overlap, 2);
});

Deno.test("[R2] commands of one sender run in the order sent", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  node.host(probeActor, probeFactory(log));
  await node.start();
  const ref = node.ref(probeActor, "one", user("ann"));
  const sent = Array.from({ length: 50 }, (_, n) => `${n}`);
  await Promise.all(sent.map((text, n) => n % 2 === 0 ? ref.say({ text }) : ref.note({ text })));
  assert.deepEqual(log.lines, sent);
});

Deno.test("[R7] a batch turn takes everything of its verb that waited while the turn before it ran", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { say: () => slow.promise }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const first = ref.gather({ text: "alone" });
  await first;
  const blocker = ref.say({ text: "block" });
  await stage.clock.settle();
  const answers = Array.from({ length: 12 }, (_, n) => ref.gather({ text: `${n}` }));
  slow.resolve();
  await blocker;
  assert.deepEqual(
    (await Promise.all(answers)).map(({ text }) => text),
    Array.from({ length: 12 }, (_, n) => `${n}`),
  );
  assert.deepEqual(log.lines, ["alone", "block", "0+1+2+3+4+5+6+7+8+9", "10+11"]);
});

Deno.test("[R7] a batch turn never overtakes an earlier command of the same sender", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const [log, slow] = [new ProbeLog(), gate()];
  node.host(probeActor, probeFactory(log, { say: (text) => text === "block" ? slow.promise : undefined }));
  await node.start();
  const [ann, bob] = [node.ref(probeActor, "one", user("ann")), node.ref(probeActor, "one", user("bob"))];
  const all = [ann.say({ text: "block" })];
  await stage.clock.settle();
  all.push(
    ann.gather({ text: "a1" }),
    bob.say({ text: "b1" }),
    ann.gather({ text: "a2" }),
    bob.gather({ text: "b2" }),
  );
  slow.resolve();
  await Promise.all(all);
  assert.deepEqual(log.lines, ["block", "a1+a2", "b1", "b2"]);
});

Deno.test("[R8] each call of a batch gets its own answer, and one left without is answered internal", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      gather: (calls) => {
        for (const call of calls) {
          if (call.input.text === "good") call.reply({ text: "fine" });
          if (call.input.text === "bad") call.fail(new BarrageError("conflict"));
        }
      },
    }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  const answers = await Promise.all(
    ["good", "bad", "forgotten"].map((text) => outcome(ref.gather({ text }))),
  );
  assert.deepEqual(answers, [{ text: "fine" }, "conflict", "internal"]);
});

Deno.test("[R9] a held call is answered by a later turn", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  const held: { reply(output: { text: string }): void }[] = [];
  node.host(
    probeActor,
    probeFactory(log, {
      gather: (calls) => {
        for (const call of calls) {
          call.hold();
          held.push(call);
        }
      },
      say: () => held.splice(0).forEach((call) => call.reply({ text: "later" })),
    }),
  );
  await node.start();
  const ref = node.ref(probeActor, "one");
  const answer = ref.gather({ text: "wait" });
  assert.equal(await outcome(answer), "open");
  await ref.say({ text: "release" });
  assert.deepEqual(await answer, { text: "later" });
});

Deno.test("[R20] a Later answer comes after the turn and does not hold up the next one", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const [log, slow] = [new ProbeLog(), gate()];
  const late = slow.promise.then(() => ({ text: "late" }));
  node.host(probeActor, probeFactory(log, { say: (text) => text === "first" ? new Later(late) : undefined }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const first = ref.say({ text: "first" });
  assert.deepEqual(await ref.say({ text: "second" }), { text: "second" });
  assert.equal(await outcome(first), "open");
  slow.resolve();
  assert.deepEqual(await first, { text: "late" });
});

Deno.test("[R19] a circle of calls fails at once with cycle", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  const next: Record<string, string> = { a: "b", b: "c", c: "a" };
  node.host(
    probeActor,
    probeFactory(log, { say: (text, turn, self) => turn.ref(probeActor, next[self.key]!).say({ text }) }),
  );
  await node.start();
  const error = await node.ref(probeActor, "a").say({ text: "round" }).catch((error) => error);
  assert.equal(error.reason, "cycle");
  assert.equal(error.message, "Actors call each other in a circle: probe:a -> probe:b -> probe:c -> probe:a");
  assert.deepEqual(log.lines, ["round", "round", "round"]);
  assert.equal(stage.clock.monotonic(), 0);
});

Deno.test("[R19] a call that no turn waits for may close the circle", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  const log = new ProbeLog();
  node.host(
    probeActor,
    probeFactory(log, {
      say: (text, _turn, self) =>
        text === "go" ? new Later(self.ref(probeActor, self.key).say({ text: "again" })) : undefined,
    }),
  );
  await node.start();
  assert.deepEqual(await node.ref(probeActor, "a").say({ text: "go" }), { text: "again" });
});

Deno.test("[R29] references carry the types of the schemas", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make();
  node.host(probeActor, probeFactory(new ProbeLog()));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const { text }: { text: string } = await ref.say({ text: "typed" });
  assert.equal(text, "typed");
  // @ts-expect-error: text must be a string
  const wrongInput = () => ref.say({ text: 1 });
  // @ts-expect-error: there is no such verb
  const wrongVerb = () => ref.shout({ text: "x" });
  assert.equal(typeof wrongInput, "function");
  assert.throws(wrongVerb, TypeError);
});

Deno.test("[R28] an actor with much to do lets timers run in between", async () => {
  await using stage = await RuntimeStage.open();
  const node = stage.make("a", {
    limits: { mailbox: { maxCount: 100_000, maxBytes: 1e9, maxAgeMs: 1e9, reservedCount: 1 } },
  });
  const log = new ProbeLog();
  // The virtual clock moves a millisecond with every turn, as if each took that long.
  node.host(probeActor, probeFactory(log, { say: () => stage.clock.pause(1) }));
  await node.start();
  const ref = node.ref(probeActor, "one");
  const answers = Array.from({ length: 200 }, (_, n) => ref.say({ text: `${n}` }));
  let doneWhenTimerRan = -1;
  setImmediate(() => doneWhenTimerRan = log.lines.length);
  await Promise.all(answers);
  assert.ok(
    doneWhenTimerRan > 0 && doneWhenTimerRan < 200,
    `the timer ran after ${doneWhenTimerRan} of 200 turns`,
  );
});
