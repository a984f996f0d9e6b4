import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { UpstreamFault } from "actors/ai/provider.ts";
import { BarrageError } from "protocol/errors.ts";
import { AiStage } from "tests/support/ai_stage.ts";
import { person, ulid, viewer } from "tests/support/room_stage.ts";

Deno.test("[AN18] when the process dies the answer goes on from what is stored, though nobody asks for it", async () => {
  await using stage = await AiStage.open({
    credentials: 2,
    answer: { checkpointMs: 100, totalMaxMs: 300_000 },
  });
  const first = await stage.start();
  await stage.run(first.ask(1));
  const call = await stage.call(1);
  call.say("The quick brown fox ");
  await stage.pass(500);
  call.say("jumps ");
  await stage.pass(50);
  first.kill();
  const second = await stage.start();
  const told = await second.told(1);
  const next = await stage.call(2, 120_000);
  strictEqual(next.call.partial?.startsWith("The quick brown fox "), true);
  const rest = "The quick brown fox jumps over the lazy dog".slice(next.call.partial!.length);
  next.say(rest);
  next.finish();
  await stage.pass(1_000);
  strictEqual(
    (await stage.storage.answers.read(ulid(1)))?.text,
    "The quick brown fox jumps over the lazy dog",
  );
  deepStrictEqual(told.map(({ event }) => event), ["resumed", "delta", "done"]);
});

for (const [what, words] of [["has begun to answer", 2], ["was not stored as begun", 0]] as const) {
  Deno.test(`[AN32] a node that died and is back goes on soon with what ${what}: the call died with it`, async () => {
    await using stage = await AiStage.open({ answer: { checkpointMs: 100 } });
    const first = await stage.start("node");
    await stage.run(first.ask(1));
    const call = await stage.call(1);
    for (let n = 0; n < words; n++) {
      call.say(`word${n} `);
      await stage.pass(250);
    }
    const stored = await stage.storage.answers.read(ulid(1));
    first.kill();
    const second = await stage.start("node");
    await stage.run(second.answer(1, viewer(1)).follow({ from: 0 }));
    const next = await stage.call(2, 6_000);
    strictEqual(stored?.state, words === 0 ? "waiting" : "running");
    strictEqual(next.call.partial ?? "", stored?.text);
  });
}

Deno.test("[AN18] an answer that waited when the process died is served, in its old place", async () => {
  await using stage = await AiStage.open({ use: { inFlightMax: 1 }, answer: { totalMaxMs: 300_000 } });
  const first = await stage.start();
  for (const n of [1, 2, 3]) await stage.run(first.ask(n, { user: 1 }));
  await stage.call(1);
  first.kill();
  await stage.start();
  for (const n of [2, 3, 4]) {
    const call = await stage.call(n, 120_000);
    call.say(`call ${n}`);
    call.finish();
    await stage.pass(500);
  }
  const texts = [];
  for (const n of [1, 2, 3]) texts.push((await stage.storage.answers.read(ulid(n)))?.text);
  // The first one's call was lost with its process, and its lease has to run out.
  deepStrictEqual(texts.toSorted(), ["call 2", "call 3", "call 4"]);
  strictEqual(texts.indexOf(texts[1]) < texts.indexOf(texts[2]), true);
});

Deno.test("[AN17] an incarnation that crashed is told again what it lost: nothing is missing, nothing comes twice", async () => {
  await using stage = await AiStage.open({ answer: { checkpointMs: 1_000 } });
  const process = await stage.start();
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  let text = "";
  for (let n = 0; n < 40; n++) {
    if (n % 10 === 5) {
      process.storage.faultNext({ kind: "refuse", error: new BarrageError("unavailable", "lost") });
    }
    call.say(`word${n} `);
    text += `word${n} `;
    await stage.pass(500);
  }
  call.finish();
  await stage.pass(3_000);
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual([stored?.state, stored?.text], ["done", text]);
  strictEqual(stage.provider.calls.length, 1);
});

Deno.test("[AN18] a process that stops in peace lets its answers go on at once", async () => {
  await using stage = await AiStage.open({ credentials: 2, answer: { abortSettleMs: 100 } });
  const process = await stage.start();
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  call.say("Half of ");
  await stage.pass(100);
  const stopped = process.host.runs[Symbol.asyncDispose]();
  await stage.run(stopped);
  strictEqual(call.signal.aborted, true);
  const next = await stage.call(2, 3_000);
  strictEqual(next.call.partial, "Half of ");
});

Deno.test("[AN26] two incarnations cannot found the same answer: what is there stands", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  await stage.run(process.ask(2));
  const other = (await stage.storage.answers.read(ulid(2)))!;
  const release = process.storage.hold("lane");
  const asked = process.ask(1);
  await stage.settle();
  const first = {
    ...other,
    id: ulid(1),
    askers: [person(1)],
    text: "From another time",
    state: "done",
  } as const;
  const fence = { noun: "answer", id: ulid(1), epoch: 1, founding: true } as const;
  await stage.storage.lane.commit(fence, [stage.storage.answers.found(first, 1)]);
  release();
  const { view } = await stage.run(asked);
  deepStrictEqual([view.state, view.text], ["done", "From another time"]);
});

Deno.test("[AN12][AN17] an incarnation that crashed learns again that thoughts were in the stream", async () => {
  await using stage = await AiStage.open({ credentials: 2, answer: { checkpointMs: 100 } });
  const process = await stage.start();
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  call.emit({ kind: "unshown", what: "reasoning" });
  call.say("It is ");
  await stage.pass(500);
  process.storage.faultNext({ kind: "refuse", error: new BarrageError("unavailable", "lost") });
  call.say("so ");
  await stage.pass(2_500);
  call.fail(new UpstreamFault("cut", "reset"));
  await stage.pass(1_000);
  const { state, error, text } = (await stage.storage.answers.read(ulid(1)))!;
  deepStrictEqual([state, error?.interrupted, text], ["failed", true, "It is so "]);
  strictEqual(stage.provider.calls.length, 1);
});

Deno.test("[AN28] the longer a text is, the less often it is stored, and never less often than every five seconds", async () => {
  await using stage = await AiStage.open({ answer: { checkpointMs: 500 } });
  const process = await stage.start();
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  const storedAfter = async (text: string) => {
    call.say(text);
    await stage.settle();
    const length = (await stage.run(process.answer(1).follow({ from: 0 }))).text.length;
    for (let ms = 0;; ms += 250) {
      if ((await stage.storage.answers.read(ulid(1)))?.text.length === length) return ms;
      await stage.pass(250);
    }
  };
  // The first of each is stored by the interval of the text before it.
  const times: number[] = [];
  for (const length of [100, 19_900, 1_000, 180_000, 1_000]) {
    await storedAfter("x".repeat(length - 10));
    times.push(await storedAfter("x".repeat(10)));
  }
  const [short, , middle, , long] = times as [number, number, number, number, number];
  strictEqual(short <= 1_500, true, `${short}`);
  strictEqual(middle >= 2_000 && middle <= 3_500, true, `${middle}`);
  strictEqual(long >= 4_500 && long <= 6_500, true, `${long}`);
});
