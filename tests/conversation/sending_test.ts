import { deepEqual, equal, ok } from "node:assert/strict";
import { Ulid } from "protocol/ids.ts";
import {
  ConversationStage,
  direct,
  member,
  outcome,
  person,
  textsOf,
} from "tests/support/conversation_stage.ts";

const D = direct(1, 2);
const FAST = { sendBurst: 1e6, strangerMessages: 1e6 };

Deno.test("[J1] a message is told and acknowledged once it is stored", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "first"));
  const release = process.storage.hold("lane");
  let acked = false;
  const sending = process.write(1, 2, "second", "c2", { mentions: [person(2).id] }).then((sent) => {
    acked = true;
    return sent;
  });
  await stage.settle();
  equal((await stage.heard(D)).length, 1);
  ok(!acked);
  release();
  const { id, at, ...sent } = await stage.run(sending);
  deepEqual(sent, { conversation: D, seq: 2 });
  ok(Ulid.safeParse(id).success);
  equal(at, stage.clock.now());
  const message = {
    ...{ kind: "sent", conversation: D, seq: 2, version: 2, id, sender: person(1), at },
    ...{ text: "second", mentions: [person(2).id] },
  };
  deepEqual((await stage.stored(D))[1], message);
  deepEqual((await stage.heard(D))[1]?.params, message);
});

Deno.test("[J2] what waits is stored in one commit, in the order it came", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  const before = process.storage.asked("lane");
  const sending = Promise.all(
    Array.from({ length: 30 }, (_, n) => process.say(id, n % 3 + 1, `${n}`)),
  );
  const sent = await stage.run(sending);
  equal(process.storage.asked("lane") - before, 1);
  const first = sent[0]!.seq;
  deepEqual(sent.map(({ seq }) => seq), sent.map((_, n) => first + n));
  const stored = (await stage.stored(id)).slice(first - 1);
  deepEqual(textsOf(stored), sent.map((_, n) => `${n}`));
  deepEqual((await stage.heard(id)).slice(-30).map(({ params }) => params), stored);
});

Deno.test("[J3] the same id from the same sender is the same message, at once and later", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const twins = await stage.run(Promise.all([
    process.write(1, 2, "hello", "x"),
    process.write(1, 2, "hello", "x"),
    process.write(2, 1, "other", "x"),
    process.write(1, 3, "elsewhere", "x"),
  ]));
  deepEqual(twins[1], twins[0]);
  deepEqual(await stage.run(process.write(1, 2, "hello", "x")), twins[0]);
  deepEqual(twins.map(({ seq }) => seq), [1, 1, 2, 1]);
  deepEqual(textsOf(await stage.stored(D)), ["hello", "other"]);
  equal((await stage.heard(D)).length, 2);
});

Deno.test("[J3] it is the same message after a restart, and for good when memory has forgotten it", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { ...FAST, memoryMessages: 10 } });
  await using _ = stage;
  const first = await stage.run(process.write(1, 2, "0", "id-0"));
  for (let n = 1; n < 3_000; n += 250) {
    await stage.run(Promise.all(
      Array.from({ length: 250 }, (_, more) => process.write(1, 2, `${n + more}`, `id-${n + more}`)),
    ));
  }
  deepEqual(await stage.run(process.write(1, 2, "0", "id-0")), first);
  const restarted = await stage.restart(process);
  for (const n of [0, 1_500, 2_990]) {
    equal((await stage.run(restarted.write(1, 2, `${n}`, `id-${n}`))).seq, n + 1);
  }
  const stored = await stage.stored(D);
  deepEqual(textsOf(stored), stored.map((_, n) => `${n}`));
  equal(restarted.node.counters.restarts, 0);
});

Deno.test("[J4] old ids among new ones are answered, and the new ones are stored without a gap", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { ...FAST, memoryMessages: 4 } });
  await using _ = stage;
  for (let n = 1; n <= 20; n++) await stage.run(process.write(1, 2, `${n}`, `id-${n}`));
  const ids = ["id-3", "new-1", "id-1", "new-2", "id-19", "id-3"];
  const sent = await stage.run(Promise.all(ids.map((id) => process.write(1, 2, id, id))));
  deepEqual(sent.map(({ seq }) => seq), [3, 21, 1, 22, 19, 3]);
  deepEqual(textsOf(await stage.stored(D)).slice(20), ["new-1", "new-2"]);
  deepEqual((await stage.heard(D)).slice(20).map(({ params }) => params["text"]), ["new-1", "new-2"]);
  const asked = process.storage.asked("lane");
  deepEqual((await stage.run(process.write(1, 2, "id-3", "id-3"))).seq, 3);
  equal(process.storage.asked("lane"), asked, "an old id that was found is remembered");
});

Deno.test("[J5] what was sent before its sender was blocked, muted or removed was sent", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { memoryMessages: 1 } });
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  const [said, written] = await stage.run(
    Promise.all([process.say(id, 2, "said", "x"), process.write(2, 3, "w", "x")]),
  );
  await stage.run(process.say(id, 3, "more"));
  await stage.run(process.at(direct(2, 3), member(3)).block({ peer: person(2).id, blocked: true }));
  await stage.run(process.at(id, member(1)).update({ mutedAll: true }));
  const muted = await stage.restart(process);
  deepEqual(await stage.run(muted.say(id, 2, "said", "x")), said);
  equal(await stage.run(outcome(muted.say(id, 2, "new"))), "muted");
  await stage.run(muted.at(id, member(1)).remove({ user: person(2).id }));
  const removed = await stage.restart(muted);
  deepEqual(await stage.run(removed.say(id, 2, "said", "x")), said);
  equal(await stage.run(outcome(removed.say(id, 2, "new"))), "forbidden");
  deepEqual(await stage.run(removed.write(2, 3, "w", "x")), written);
  equal(await stage.run(outcome(removed.write(2, 3, "new"))), "blocked");
});

Deno.test("[J5] a retry of a message that was recalled gets the answer of the first try", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const sent = await stage.run(process.write(1, 2, "oops", "x"));
  await stage.run(process.at(D, member(1)).recall({ seq: 1 }));
  deepEqual(await stage.run(process.write(1, 2, "oops", "x")), sent);
  const restarted = await stage.restart(process);
  deepEqual(await stage.run(restarted.write(1, 2, "oops", "x")), sent);
  deepEqual(textsOf(await stage.stored(D)), ["recalled"]);
});

Deno.test("[J6] whoever sends too fast is slowed down, each sender on his own; a retry takes nothing", async () => {
  const limits = { sendBurst: 3, sendPerSecond: 2 };
  const { stage, process } = await ConversationStage.withProcess({ limits });
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  for (let n = 0; n < 3; n++) await stage.run(process.say(id, 2, `${n}`, `id-${n}`));
  for (let n = 0; n < 3; n++) await stage.run(process.say(id, 2, `${n}`, `id-${n}`));
  const error = await stage.run(process.say(id, 2, "fast").catch((error) => error));
  equal(error.reason, "rate_limited");
  equal(await stage.run(outcome(process.say(id, 1, "mine"))), "ok");
  await stage.pass(error.details.retryAfterMs);
  equal(await stage.run(outcome(process.say(id, 2, "waited"))), "ok");
  equal(process.node.drops.of("conversation", "rate_limited"), 1);
});

Deno.test("[J7] only a message that is there can be answered", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "question"));
  equal(await stage.run(outcome(process.write(2, 1, "answer", "a", { replyTo: 1 }))), "ok");
  const error = await stage.run(process.write(2, 1, "no", "b", { replyTo: 3 }).catch((error) => error));
  deepEqual([error.reason, error.details.path], ["invalid_params", "params.replyTo"]);
});

Deno.test("[J2] kicked and said have one order: nothing of his stands behind the kick", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  const saying = [1, 2, 3].map((n) => outcome(process.say(id, 2, `${n}`)));
  const kicking = process.at(id, member(1)).remove({ user: person(2).id });
  await stage.clock.yield();
  const later = [4, 5].map((n) => outcome(process.say(id, 2, `${n}`)));
  await stage.run(kicking);
  const said = await stage.run(Promise.all([...saying, ...later, outcome(process.say(id, 2, "6"))]));
  deepEqual(said.at(-1), "forbidden");
  const stored = await stage.stored(id);
  const kick = stored.findIndex((message) => message.kind === "change" && message.change.what === "removed");
  deepEqual(textsOf(stored.slice(2, kick)), said.flatMap((ended, n) => ended === "ok" ? [`${n + 1}`] : []));
  equal(stored.length, kick + 1);
});
