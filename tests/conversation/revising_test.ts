import { deepEqual, equal } from "node:assert/strict";
import type { Message } from "protocol/chat.ts";
import type { Caller } from "actors/runtime/caller.ts";
import {
  ConversationStage,
  direct,
  member,
  outcome,
  person,
  textsOf,
} from "tests/support/conversation_stage.ts";

const D = direct(1, 2);
const OPERATOR: Caller = { ...member(8), standing: "operator" } as Caller;

Deno.test("[J15] an edited message stands as edited in history, for those who missed it and for those who listen", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { memoryMessages: 2 } });
  await using _ = stage;
  await stage.run(
    process.write(1, 2, "helo", "x", {
      mentions: [person(2).id],
      attachments: [{ type: "image", url: "https://a.example/b" }],
    }),
  );
  await stage.run(process.write(2, 1, "what?", "y", { replyTo: 1 }));
  await stage.pass(1_000);
  const edited = await stage.run(process.at(D, member(1)).edit({ seq: 1, text: "hello" }));
  const [first] = await stage.stored(D);
  deepEqual(edited, first);
  deepEqual(edited, {
    ...{ kind: "sent", conversation: D, seq: 1, version: 3, id: edited.id, sender: person(1), at: edited.at },
    ...{ text: "hello", editedAt: stage.clock.now() },
  });
  const answered = await stage.run(process.at(D, member(2)).edit({ seq: 2, text: "ah" }));
  equal(answered.kind === "sent" && answered.replyTo, 1);
  deepEqual((await stage.heard(D)).slice(2).map(({ method, params }) => [method, params]), [
    ["chat.message", edited],
    ["chat.message", answered],
  ]);
  for (const restarted of [false, true]) {
    const at = restarted ? await stage.restart(process) : process;
    const { messages } = await stage.run(at.at(D, member(2)).history({ after: 0, limit: 9 }));
    deepEqual(messages, [edited, answered]);
    const { delta } = await stage.run(at.at(D, member(2)).since({ version: 2, limit: 9 }));
    deepEqual(delta.messages, [edited, answered]);
  }
});

Deno.test("[J15] the same edit again changes nothing", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "a"));
  const once = await stage.run(process.at(D, member(1)).edit({ seq: 1, text: "b" }));
  await stage.pass(3_600_000);
  deepEqual(await stage.run(process.at(D, member(1)).edit({ seq: 1, text: "b" })), once);
  equal((await stage.heard(D)).length, 2);
});

Deno.test("[J16] only its sender edits a message, in time, and only while it says something", async () => {
  const { stage, process } = await ConversationStage.withProcess({
    limits: { editMs: 60_000, recallMs: 1e9 },
  });
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  await stage.run(process.say(id, 2, "a"));
  const edit = (n: number, seq: number) =>
    stage.run(outcome(process.at(id, member(n)).edit({ seq, text: "b" })));
  equal(await edit(1, 3), "forbidden");
  equal(await edit(2, 4), "not_found");
  equal(await edit(1, 1), "conflict");
  await stage.pass(60_001);
  equal(await edit(2, 3), "conflict");
  await stage.run(process.say(id, 2, "c"));
  await stage.run(process.at(id, member(2)).recall({ seq: 4 }));
  equal(await edit(2, 4), "conflict");
  deepEqual(textsOf(await stage.stored(id)).slice(2), ["a", "recalled"]);
});

Deno.test("[J17] a recalled message says nothing any more, anywhere", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { memoryMessages: 2 } });
  await using _ = stage;
  const { id: sentId, at } = await stage.run(
    process.write(1, 2, "secret", "x", { mentions: [person(2).id] }),
  );
  for (let n = 0; n < 6; n++) await stage.run(process.write(n % 2 + 1, 2 - n % 2, "more"));
  await stage.pass(1_000);
  const recalled = await stage.run(process.at(D, member(1)).recall({ seq: 1 }));
  deepEqual(recalled, {
    ...{ kind: "recalled", conversation: D, seq: 1, version: 8, id: sentId, sender: person(1), at },
    ...{ recalledAt: stage.clock.now(), by: person(1) },
  });
  deepEqual(await stage.run(process.at(D, member(1)).recall({ seq: 1 })), recalled);
  const last = (await stage.heard(D)).at(-1);
  deepEqual([last?.method, last?.params], ["chat.recalled", recalled]);
  for (const restarted of [false, true]) {
    const at = restarted ? await stage.restart(process) : process;
    const { messages } = await stage.run(at.at(D, member(2)).history({ after: 0, limit: 1 }));
    deepEqual(messages, [recalled]);
    const { delta } = await stage.run(at.at(D, member(2)).since({ version: 7, limit: 9 }));
    deepEqual(delta.messages, [recalled]);
    const late = await stage.run(at.at(D, member(2)).since({ version: 0, limit: 9 }));
    deepEqual(late.delta.messages.at(-1), recalled);
    equal(late.delta.messages.length, 7);
    equal((await stage.run(at.at(D, member(2)).open({}))).mentions, 0);
  }
});

Deno.test("[J18] one recalls one's own for a while; who keeps order recalls at any time, those above nobody", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2, 3, 4]));
  for (const n of [2, 3]) {
    await stage.run(process.at(id, member(1)).role({ user: person(n).id, role: "admin" }));
  }
  const head = (await stage.stored(id)).length;
  for (const n of [1, 2, 3, 4, 4, 4]) await stage.run(process.say(id, n, `by ${n}`));
  const recall = (caller: Caller, nth: number) =>
    stage.run(outcome(process.at(id, caller).recall({ seq: head + nth })));
  equal(await recall(member(4), 4), "ok");
  await stage.pass(120_001);
  equal(await recall(member(4), 5), "conflict");
  equal(await recall(member(4), 1), "forbidden");
  equal(await recall(member(2), 1), "forbidden");
  equal(await recall(member(2), 3), "forbidden");
  equal(await recall(member(2), 2), "ok");
  equal(await recall(member(2), 5), "ok");
  equal(await recall(member(1), 3), "ok");
  equal(await recall(OPERATOR, 1), "ok");
  equal(await recall(OPERATOR, 6), "ok");
  equal(await stage.run(outcome(process.at(id, member(1)).recall({ seq: 1 }))), "conflict");
  const by = (await stage.stored(id)).slice(head).map((message: Message) =>
    message.kind === "recalled" ? message.by.id : message.kind
  );
  deepEqual(by, [8, 2, 1, 4, 2, 8].map((n) => person(n).id));
});

Deno.test("[J18] in a direct conversation nobody recalls what the other one said", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "a"));
  equal(await stage.run(outcome(process.at(D, member(2)).recall({ seq: 1 }))), "forbidden");
});
