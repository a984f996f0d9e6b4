import { deepEqual, equal } from "node:assert/strict";
import type { ConversationDelta } from "protocol/chat.ts";
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

Deno.test("[J20] unread is what came after the cursor without one's own, mentions apart, after a restart too", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { ...FAST, memoryMessages: 3 } });
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  const counts = async (of: typeof process, n: number) => {
    const { unread, mentions, readSeq } = await stage.run(of.at(id, member(n)).open({}));
    return [unread, mentions, readSeq];
  };
  // 1 made it and has read nothing since; 2 came before 3.
  deepEqual([await counts(process, 1), await counts(process, 2), await counts(process, 3)], [
    [2, 0, 1],
    [1, 0, 2],
    [0, 0, 3],
  ]);
  const mentions = [person(2).id];
  for (const [n, more] of [[1, {}], [2, {}], [1, { mentions }], [3, { mentions }], [2, {}]] as const) {
    await stage.run(process.say(id, n, "text", undefined, more));
  }
  deepEqual(await counts(process, 2), [4, 2, 2]);
  deepEqual(await counts(process, 3), [4, 0, 3]);
  const cursor = await stage.run(process.at(id, member(2)).read({ seq: 6 }));
  deepEqual([cursor.readSeq, cursor.user], [6, person(2).id]);
  const restarted = await stage.restart(process);
  for (const  of of[restarted]) {
    deepEqual(await counts(of, 2), [1, 1, 6]);
    deepEqual(await counts(of, 1), [5, 0, 1]);
  }
});

Deno.test("[J21] a cursor goes forward only, never past the last message, and what changes nothing is not stored", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  for (let n = 0; n < 3; n++) await stage.run(process.write(1, 2, "text"));
  const read = async (seq: number) => (await stage.run(process.at(D, member(2)).read({ seq }))).readSeq;
  deepEqual([await read(2), await read(1), await read(2), await read(99), await read(0)], [2, 2, 2, 3, 3]);
  equal((await stage.heard(D)).filter(({ method }) => method === "chat.read").length, 2);
  equal((await stage.run(process.at(D, member(1)).open({}))).peerReadSeq, 3);
});

Deno.test("[J22] in a direct conversation both hear of a cursor, in a group its owner alone", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "text"));
  await stage.run(process.at(D, member(2)).read({ seq: 1 }));
  const id = await stage.run(process.found([2]));
  await stage.run(process.at(id, member(1)).read({ seq: 2 }));
  const heard = [...await stage.heard(D), ...await stage.heard(id)].filter(({ method }) =>
    method === "chat.read"
  );
  deepEqual(heard.map(({ to, version, params }) => [to, version, params]), [
    [undefined, 2, { conversation: D, version: 2, user: person(2).id, readSeq: 1 }],
    [[person(1).id], 4, { conversation: id, version: 4, user: person(1).id, readSeq: 2 }],
  ]);
});

Deno.test("[J21] many who read at once cost one commit", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2, 3, 4]));
  await stage.run(process.say(id, 1, "text"));
  const before = process.storage.asked("lane");
  const reading = [2, 3, 4, 2, 9].map((n) =>
    outcome(process.at(id, member(n)).read({ seq: n === 2 ? 5 : 4 }))
  );
  deepEqual(await stage.run(Promise.all(reading)), ["ok", "ok", "ok", "ok", "forbidden"]);
  equal(process.storage.asked("lane") - before, 1);
});

Deno.test("[J23] mute, pin and archive count for oneself, on all of one's devices, for good", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "text"));
  const mine = process.at(D, member(2));
  await stage.run(mine.settings({ muted: true, pinned: true }));
  await stage.run(mine.settings({ pinned: true }));
  const view = await stage.run(mine.settings({ pinned: false, archived: true }));
  deepEqual([view.muted, view.pinned, view.archived, view.version], [true, false, true, 3]);
  const restarted = await stage.restart(process);
  const [own, other] = [
    await stage.run(restarted.at(D, member(2)).open({})),
    await stage.run(restarted.at(D, member(1)).open({})),
  ];
  deepEqual([own.muted, own.pinned, own.archived], [true, false, true]);
  deepEqual([other.muted, other.pinned, other.archived], [false, false, false]);
  deepEqual(
    (await stage.heard(D)).slice(1).map(({ method, to, params }) => [method, to, params["archived"]]),
    [
      ["chat.settings", [person(2).id], false],
      ["chat.settings", [person(2).id], true],
    ],
  );
});

Deno.test("[J24] history comes in pages both ways and around a message, the same from memory and from the store", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { ...FAST, memoryMessages: 5 } });
  await using _ = stage;
  for (let n = 1; n <= 30; n++) await stage.run(process.write(1, 2, `${n}`));
  const restarted = await stage.restart(process);
  const history = restarted.at(D, member(2));
  const page = async (range: Parameters<typeof history.history>[0]) => {
    const { messages, older, newer } = await stage.run(history.history(range));
    return [messages.map(({ seq }) => seq), older, newer];
  };
  deepEqual(await page({ before: 31, limit: 3 }), [[28, 29, 30], true, false]);
  deepEqual(await page({ before: 4, limit: 5 }), [[1, 2, 3], false, true]);
  deepEqual(await page({ before: 1, limit: 5 }), [[], false, true]);
  deepEqual(await page({ before: 99, limit: 2 }), [[29, 30], true, false]);
  deepEqual(await page({ after: 0, limit: 2 }), [[1, 2], false, true]);
  deepEqual(await page({ after: 27, limit: 9 }), [[28, 29, 30], true, false]);
  deepEqual(await page({ after: 30, limit: 9 }), [[], true, false]);
  deepEqual(await page({ around: 15, limit: 5 }), [[13, 14, 15, 16, 17], true, true]);
  deepEqual(await page({ around: 1, limit: 4 }), [[1, 2, 3, 4], false, true]);
  deepEqual(await page({ around: 30, limit: 4 }), [[27, 28, 29, 30], true, false]);
  deepEqual(await page({ around: 1_000, limit: 2 }), [[29, 30], true, false]);
});

Deno.test("[J25] a device that knows nothing gets the newest messages, and whether there are more", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: FAST });
  await using _ = stage;
  for (let n = 1; n <= 10; n++) await stage.run(process.write(1, 2, `${n}`));
  await stage.run(process.at(D, member(1)).edit({ seq: 8, text: "eight" }));
  const since = async (limit: number) => {
    const { delta, more } = await stage.run(process.at(D, member(2)).since({ limit }));
    return [textsOf(delta.messages), delta.version, delta.state === "member" && delta.skipped, more];
  };
  deepEqual(await since(3), [["9", "10", "eight"], 11, true, false]);
  deepEqual((await since(10))[2], false);
});

Deno.test("[J26] a device gets what changed since the version it knows, page by page, the view with every page", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: FAST });
  await using _ = stage;
  for (let n = 1; n <= 5; n++) await stage.run(process.write(1, 2, `${n}`));
  await stage.run(process.at(D, member(2)).read({ seq: 4 }));
  await stage.run(process.at(D, member(1)).recall({ seq: 2 }));
  const pages: ConversationDelta[] = [];
  let version = 1;
  for (let more = true; more;) {
    const page = await stage.run(process.at(D, member(2)).since({ version, limit: 2 }));
    pages.push(page.delta);
    ({ more } = page);
    ({ version } = page.delta);
  }
  deepEqual(pages.map(({ messages, version }) => [messages.map(({ seq }) => seq), version]), [
    [[3, 4], 4],
    [[5, 2], 7],
  ]);
  for (const page of pages) deepEqual(page.state === "member" && page.conversation.readSeq, 4);
  const { delta } = await stage.run(process.at(D, member(2)).since({ version: 7, limit: 2 }));
  deepEqual([delta.messages, delta.version], [[], 7]);
});
