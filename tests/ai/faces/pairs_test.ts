import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { UpstreamFault } from "actors/ai/provider.ts";
import { threadActor } from "actors/ai/thread/definition.ts";
import { messagesFor } from "actors/ai/thread/window.ts";
import { AI_TEXT_MAX } from "protocol/ai.ts";
import { boundary, endsInHalf } from "protocol/pairs.ts";
import { AiStage, type Told } from "tests/support/ai_stage.ts";
import { ulid, viewer } from "tests/support/room_stage.ts";

const WAVE = "🌊";
const [HIGH, LOW] = [WAVE.charAt(0), WAVE.charAt(1)];

function deltas(told: readonly Told[]): string[] {
  return told.filter(({ event }) => event === "delta").map(({ body }) => String(body["text"]));
}

Deno.test("[AF8] a boundary is never inside a character", () => {
  const text = `a${WAVE}b${HIGH}`;
  deepStrictEqual([0, 1, 2, 3, 4, 5, 9].map((at) => boundary(text, at)), [0, 1, 1, 3, 4, 5, 9]);
  deepStrictEqual([text, WAVE, LOW, "", "a"].map(endsInHalf), [true, false, false, false, false]);
});

Deno.test("[AF8] of a character that comes in halves the first waits for the second; what stays alone is left out", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const told = await process.told(1);
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  for (const text of ["One ", HIGH, LOW, ` and ${HIGH}`, `${LOW}${LOW}.`, HIGH]) {
    call.say(text);
    await stage.pass(500);
  }
  call.finish();
  await stage.pass(500);
  ok(deltas(told).every((text) => text.isWellFormed()));
  strictEqual(deltas(told).join(""), `One ${WAVE} and ${WAVE}\ufffd.`);
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual([stored?.text, stored?.state], [deltas(told).join(""), "done"]);
});

Deno.test("[AF8] what is too long for one command is cut between characters", async () => {
  await using stage = await AiStage.open({ answer: { textMax: 500_000 } });
  const process = await stage.start();
  const told = await process.told(1);
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  const whole = `a${WAVE.repeat(70_000)}`;
  call.say(whole);
  call.finish();
  await stage.pass(2_000);
  ok(deltas(told).length > 1);
  ok(deltas(told).every((text) => text.isWellFormed()));
  strictEqual(deltas(told).join(""), whole);
});

Deno.test("[AF8] a view from inside a character begins with the character", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  call.say(`a${WAVE}b`);
  await stage.pass(500);
  const follow = (from: number) => stage.run(process.answer(1, viewer(1)).follow({ from }));
  for (
    const [from, offset, text] of [[0, 0, `a${WAVE}b`], [1, 1, `${WAVE}b`], [2, 1, `${WAVE}b`], [
      3,
      3,
      "b",
    ]] as const
  ) {
    const view = await follow(from);
    deepStrictEqual([view.offset, view.text], [offset, text]);
  }
  call.finish();
  await stage.pass(500);
});

Deno.test("[AF8] however a stream is cut and wherever it breaks, each delta is whole and they are the text", async () => {
  const Cuts = fc.array(fc.nat({ max: 40 }), { maxLength: 12 });
  // Numbered, so that no continuation begins with what was said last.
  const Text = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 2 }), { maxLength: 12 })
    .map((parts) => parts.map((part, n) => `${n}${part}`).join(""));
  await fc.assert(
    fc.asyncProperty(Text, Cuts, fc.nat({ max: 40 }), async (text, cuts, broken) => {
      await using stage = await AiStage.open({ credentials: 2 });
      const process = await stage.start();
      const told = await process.told(1);
      await stage.run(process.ask(1));
      const at = Math.min(broken, text.length);
      const call = await stage.call(1);
      for (const piece of pieces(text.slice(0, at), cuts)) {
        call.say(piece);
        await stage.settle();
      }
      call.fail(new UpstreamFault("cut", "The stream was cut"));
      const again = await stage.call(2);
      const shown = boundary(text, at);
      strictEqual(again.call.partial ?? "", text.slice(0, shown));
      for (const piece of pieces(text.slice(shown), cuts)) {
        again.say(piece);
        await stage.settle();
      }
      again.finish();
      await stage.pass(1_000);
      ok(deltas(told).every((delta) => delta.isWellFormed()));
      strictEqual(deltas(told).join(""), text);
    }),
    { numRuns: 25 },
  );
});

function pieces(text: string, cuts: readonly number[]): string[] {
  const ends = [...new Set([...cuts.map((cut) => Math.min(cut, text.length)), text.length])].sort((a, b) =>
    a - b
  );
  return ends.map((end, n) => text.slice(ends[n - 1] ?? 0, end)).filter((piece) => piece !== "");
}

Deno.test("[AF28] a title ends between characters, and so begins what is left of a long answer", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const asked = process.node.ref(threadActor, ulid(500), viewer(1)).ask({
    answer: ulid(1),
    text: `a${WAVE.repeat(100)}`,
  });
  await stage.run(asked);
  (await stage.call(1)).finish();
  await stage.pass(500);
  const { title } = (await stage.run(
    process.node.ref(threadActor, ulid(500), viewer(1)).history({ limit: 1 }),
  )).thread;
  strictEqual(title, `a${WAVE.repeat(79)}`);

  const answer = `${WAVE.repeat(AI_TEXT_MAX / 2)}a`;
  const [, said] = messagesFor([{ question: "Q", answer }], "And?", 1_000_000);
  strictEqual(said?.content, answer.slice(2));
});
