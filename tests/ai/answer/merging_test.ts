import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { endAnswersOf } from "actors/ai/answer/removed.ts";
import { UpstreamFault } from "actors/ai/provider.ts";
import { SYSTEM } from "actors/runtime/caller.ts";
import { BarrageError, type Reason } from "protocol/errors.ts";
import { AiStage, MODEL, textRequest } from "tests/support/ai_stage.ts";
import { person, ulid, viewer } from "tests/support/room_stage.ts";

const SAME = { request: textRequest("Same"), detached: false } as const;

const refused = (reason: Reason) => (error: unknown) =>
  error instanceof BarrageError && error.reason === reason;

Deno.test("[AN27] who asks the same of an answer that was just cancelled gets one of his own", async () => {
  await using stage = await AiStage.open({ answer: { abortSettleMs: 5_000 } });
  const process = await stage.start();
  await stage.run(process.ask(1, SAME));
  (await stage.call(1)).say("Not to be");
  await stage.pass(100);
  await stage.run(process.answer(1, viewer(1)).cancel({}));
  const asked = await stage.run(process.ask(2, SAME));
  deepStrictEqual([asked.answer, asked.merged, asked.view.state], [ulid(2), false, "waiting"]);
  const call = await stage.call(2);
  call.say("Here it is");
  call.finish();
  await stage.pass(6_000);
  strictEqual((await stage.storage.answers.read(ulid(2)))?.text, "Here it is");
  deepStrictEqual((await stage.storage.answers.read(ulid(1)))?.askers, [person(1)], "nobody joined it");
});

Deno.test("[AN27] who asks the same of an answer that was never founded gets one of his own", async () => {
  await using stage = await AiStage.open({ use: { inFlightMax: 1 } });
  const process = await stage.start();
  await stage.run(process.ask(9));
  const ticket = {
    user: ulid(1),
    band: "normal" as const,
    attempt: 1,
    exclude: [],
    until: stage.clock.now() + 60_000,
  };
  const asked = await stage.run(process.ask(3, SAME));
  const digest = (await stage.storage.answers.read(asked.answer))!.digest!;
  await stage.run(process.answer(3, viewer(3)).cancel({}));
  // As of an asker whose node died before the row was there.
  await stage.run(process.pool().enqueue({ ...ticket, answer: ulid(1), digest }));
  const own = await stage.run(process.ask(2, SAME));
  deepStrictEqual([own.answer, own.merged], [ulid(2), false]);
});

Deno.test("[AN7] an answer whose first asker has left while it waited is served once, and its queue is in order", async () => {
  await using stage = await AiStage.open({ use: { inFlightMax: 1 }, pool: { perUserMax: 1 } });
  const process = await stage.start();
  await stage.run(process.ask(9));
  const first = await stage.call(1);
  await stage.run(process.ask(1, SAME));
  await stage.run(process.answer(1).attend({ node: "n", readers: 1 }));
  strictEqual((await stage.run(process.ask(2, SAME))).merged, true);
  await stage.run(process.answer(1, viewer(1)).cancel({}));
  // By then it has asked for its place again, now as the second one's.
  await stage.pass(12_000);
  strictEqual((await stage.run(process.pool().inspect({}))).waiting, 1);
  first.finish();
  const call = await stage.call(2);
  call.say("Both");
  call.finish();
  await stage.pass(2_000);
  deepStrictEqual((await stage.run(process.pool().inspect({}))).waiting, 0);
  for (const n of [1, 2]) {
    await stage.run(process.ask(20 + n, { user: n }));
    (await stage.call(2 + n)).finish();
    await stage.pass(2_000);
  }
  strictEqual(stage.provider.calls.length, 4);
});

Deno.test("[AN2] the server asks again under the same id like anybody; who is not an asker is refused even if he was late", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const ask = { model: MODEL, request: textRequest(), band: "normal", detached: true } as const;
  for (let n = 0; n < 2; n++) {
    const asked = await stage.run(process.answer(5, SYSTEM).ask(ask));
    deepStrictEqual([asked.answer, asked.merged], [ulid(5), false]);
  }
  await stage.run(process.ask(2));
  const other = (await stage.storage.answers.read(ulid(2)))!;
  const release = process.storage.hold("lane");
  const asked = process.ask(1);
  await stage.settle();
  const fence = { noun: "answer", id: ulid(1), epoch: 1, founding: true } as const;
  const record = { ...other, id: ulid(1), askers: [person(7)], text: "A secret", state: "done" } as const;
  await stage.storage.lane.commit(fence, [stage.storage.answers.found(record, 1)]);
  release();
  await rejects(stage.run(asked), refused("conflict"));
});

Deno.test("[AN13] when the only credential is not accepted any more, the answer says so at once", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const told = await process.told(1);
  await stage.run(process.ask(1));
  (await stage.call(1)).fail(new UpstreamFault("auth", "401"));
  await stage.pass(3_000);
  const error = told.at(-1)?.body["error"] as { reason?: string } | undefined;
  strictEqual(error?.reason, "unavailable");
});

Deno.test("[AN30] the answers of a removed account end, except for those who asked the same", async () => {
  await using stage = await AiStage.open({ use: { inFlightMax: 4, startsPerSecond: 4 } });
  const process = await stage.start();
  await stage.run(process.ask(1));
  await stage.run(process.ask(2, SAME));
  await stage.run(process.answer(2).attend({ node: "n", readers: 1 }));
  strictEqual((await stage.run(process.ask(1_000, { ...SAME, user: 1 }))).merged, true);
  await stage.run(process.ask(3, { user: 1, request: textRequest("Another"), detached: true }));
  strictEqual(
    (await stage.run(process.ask(4, { user: 4, request: textRequest("Ours"), detached: false }))).merged,
    false,
  );
  const { node, storage: { answers } } = process;
  await stage.run(endAnswersOf(ulid(1), { node, answers }));
  const states: unknown[] = [];
  for (const n of [1, 2, 3, 4]) {
    const { state, askers } = (await stage.storage.answers.read(ulid(n)))!;
    states.push([state === "cancelled", askers.map(({ id }) => id)]);
  }
  deepStrictEqual(states, [[true, [ulid(1)]], [false, [ulid(2)]], [true, [ulid(1)]], [false, [ulid(4)]]]);
});
