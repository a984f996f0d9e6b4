import { deepEqual, equal, ok } from "node:assert/strict";
import { BarrageError } from "protocol/errors.ts";
import {
  ConversationStage,
  direct,
  member,
  outcome,
  person,
  textsOf,
} from "tests/support/conversation_stage.ts";

const D = direct(1, 2);

for (const kind of ["refuse", "lose_answer"] as const) {
  Deno.test(`[J8] a commit that fails (${kind}) is told to its senders and to nobody else; a retry makes it once`, async () => {
    const { stage, process } = await ConversationStage.withProcess();
    await using _ = stage;
    await stage.run(process.write(1, 2, "first"));
    process.storage.faultNext({ kind, error: new BarrageError("timeout", "Lost") });
    const both = [process.write(1, 2, "a", "id-a"), process.write(2, 1, "b", "id-b")];
    deepEqual(await stage.run(Promise.all(both.map(outcome))), ["timeout", "timeout"]);
    equal((await stage.heard(D)).length, 1);
    await stage.pass(1_000);
    const again = await stage.run(
      Promise.all([process.write(1, 2, "a", "id-a"), process.write(2, 1, "b", "id-b")]),
    );
    deepEqual(again.map(({ seq }) => seq), [2, 3]);
    deepEqual(textsOf(await stage.stored(D)), ["first", "a", "b"]);
    equal(process.node.counters.restarts, 1);
  });
}

Deno.test("[J8] so it is with changes of all other kinds", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  const told = (await stage.heard(id)).length;
  const owner = process.at(id, member(1));
  const user = person(2).id;
  const changes = [
    () => owner.update({ title: "New" }),
    () => owner.role({ user, role: "admin" }),
    () => owner.remove({ user: person(3).id }),
    () => owner.read({ seq: 3 }),
    () => owner.settings({ pinned: true }),
    () => owner.transfer({ user }),
  ];
  for (const change of changes) {
    process.storage.faultNext({ kind: "refuse", error: new BarrageError("unavailable") });
    equal(await stage.run(outcome(change())), "unavailable");
    await stage.pass(70_000);
  }
  equal((await stage.heard(id)).length, told);
  const view = await stage.run(owner.open({}));
  deepEqual([view.group?.title, view.group?.members, view.readSeq, view.pinned], ["Group", 3, 1, false]);
  for (const change of changes) equal(await stage.run(outcome(change())), "ok");
});

Deno.test("[J8] what fails while it begins has not begun, or is found by the next try", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const release = process.storage.hold("conversations");
  const first = outcome(process.write(1, 2, "a", "id-a"));
  await stage.settle();
  process.kill();
  release();
  await stage.settle();
  const restarted = await stage.start();
  equal((await stage.run(restarted.write(1, 2, "a", "id-a"))).seq, 1);
  deepEqual(textsOf(await stage.stored(D)), ["a"]);
  void first;
});

Deno.test("[J9] an owner that was replaced writes, tells and promises nothing more", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "first"));
  const successor = await stage.start();
  await stage.run(successor.write(2, 1, "second"));
  equal(await stage.run(outcome(process.write(1, 2, "zombie"))), "moved");
  equal((await stage.heard(D)).length, 2);
  deepEqual(textsOf(await stage.stored(D)), ["first", "second"]);
});

Deno.test("[J9] who knows more than an owner that was replaced is sent on to the new one", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "first"));
  const successor = await stage.start();
  await stage.run(successor.write(2, 1, "second"));
  equal(await stage.run(outcome(process.at(D, member(1)).since({ version: 2, limit: 9 }))), "moved");
});

Deno.test("[J27] a version from before the database was set back counts as none", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "first"));
  const { delta } = await stage.run(process.at(D, member(1)).since({ version: 99, limit: 9 }));
  deepEqual([textsOf(delta.messages), delta.version], [["first"], 1]);
});

Deno.test("[J49] a quiet conversation leaves memory and comes back as it was", async () => {
  const { stage, process } = await ConversationStage.withProcess({ runtime: { idleMs: 2_000 } });
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  await stage.run(process.say(id, 2, "hello"));
  await stage.run(process.at(id, member(3)).settings({ pinned: true }));
  const views = () => stage.run(Promise.all([1, 2, 3].map((n) => process.at(id, member(n)).open({}))));
  const before = await views();
  await stage.jump(10_000);
  equal(process.node.stats().find(({ definition }) => definition.kind === "conversation")?.active, 0);
  deepEqual(await views(), before);
  ok(process.node.counters.passivations > 0);
});
