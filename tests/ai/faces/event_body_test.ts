import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Drops } from "actors/runtime/drops.ts";
import { BarrageError } from "protocol/errors.ts";
import { AnswerStreams } from "routes/answer_streams.ts";
import { EventBody } from "routes/event_body.ts";
import type { Holder } from "routes/gateway/token_desk.ts";
import { headingOf } from "routes/openai/completion.ts";
import { StreamReader } from "routes/openai/stream_reader.ts";
import type { Verified } from "routes/verifier.ts";
import { ulid, viewer } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

function open() {
  const clock = new VirtualClock();
  const drops = new Drops();
  let ends = 0;
  const body = new EventBody(clock, drops, () => ends++);
  return {
    clock,
    drops,
    body,
    reader: body.stream.pipeThrough(new TextDecoderStream()).getReader(),
    ends: () => ends,
  };
}

function counted(drops: Drops): string[] {
  return [...drops.entries()].map(([place, reason, count]) => `${place} ${reason} ${count}`);
}

const answer = ulid(1);

Deno.test("[AF50] a quiet stream says something every 15 s, until its end", async () => {
  const { clock, body, reader, ends } = open();
  await clock.advance(15_000);
  deepEqual((await reader.read()).value, ":\n\n");
  await clock.advance(15_000);
  deepEqual((await reader.read()).value, ":\n\n");
  body.end();
  body.write("data: late\n\n");
  await clock.advance(60_000);
  deepEqual([(await reader.read()).done, ends()], [true, 1]);
});

Deno.test("[AF50] places, seams and progress are comments, which OpenAI's clients pass over", async () => {
  const { body, reader } = open();
  const stream = new StreamReader(headingOf(answer, "m1", 5_000), false, body);
  stream.place({ answer, position: 3, etaMs: 1_200 });
  stream.progress(40);
  stream.delta(() => ({ answer, attempt: 1, offset: 0, text: "ab" }));
  stream.resumed(2, 2);
  stream.done({ answer, attempt: 2, offset: 2, state: "done", reason: "length" });
  const events = [];
  for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
    events.push(value);
  }
  const heading = { id: `chatcmpl-${answer}`, created: 5, model: "m1", object: "chat.completion.chunk" };
  const chunk = (delta: object, reason: string | null) =>
    `data: ${
      JSON.stringify({ ...heading, choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }] })
    }\n\n`;
  const told = events.join("").split(/(?<=\n\n)/);
  deepEqual(told.map((one) => one.startsWith("data: {") ? JSON.parse(one.slice(6)) : one), [
    ": queue 3 1200\n\n",
    ": progress 40\n\n",
    JSON.parse(chunk({ content: "ab" }, null).slice(6)),
    ": resumed 2 2\n\n",
    JSON.parse(chunk({}, "length").slice(6)),
    "data: [DONE]\n\n",
  ]);
});

Deno.test("[AF46] what was sent cannot be taken back: a text that is made anew ends such a stream with an error", async () => {
  const { body, reader, ends } = open();
  const stream = new StreamReader(headingOf(answer, "m1", 0), false, body);
  stream.delta(() => ({ answer, attempt: 1, offset: 0, text: "abc" }));
  stream.resumed(2, 1);
  let text = "";
  for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
    text += value;
  }
  ok(text.includes('"code":"unavailable"') && !text.includes("[DONE]"));
  equal(ends(), 1);
});

Deno.test("[AF52] who does not read loses the stream, and nothing more is kept for him", async () => {
  const drops = new Drops();
  let ends = 0;
  const body = new EventBody(new VirtualClock(), drops, () => ends++);
  for (let n = 0; n < 40; n++) body.write("x".repeat(100_000));
  equal(ends, 1);
  deepEqual(counted(drops), ["ai slow_event_stream 1"]);
  await rejects(body.stream.getReader().read(), { message: "The client does not read" });
});

Deno.test("[AF52] a client that goes away ends it once", async () => {
  const clock = new VirtualClock();
  let ends = 0;
  const body = new EventBody(clock, new Drops(), () => ends++);
  await body.stream.cancel();
  body.end();
  body.write("data: late\n\n");
  await clock.advance(60_000);
  equal(ends, 1);
});

Deno.test("[AF51] requests are bounded, give their place back once, and end with their token or with the server", () => {
  const held: Holder[] = [];
  const tokens = {
    enter: (holder: Holder) => void held.push(holder),
    leave: (holder: Holder) => void held.splice(held.indexOf(holder), 1),
  };
  const drops = new Drops();
  const streams = new AnswerStreams({ tokens, drops, max: 3 });
  const by = (n: number): Verified => ({ caller: viewer(n) as Verified["caller"], expiresAt: 1 });
  const one = streams.open(by(1));
  const two = streams.open(by(1));
  streams.open(by(2));
  throws(() => streams.open(by(3)), { reason: "overloaded" });
  deepEqual(counted(drops), ["ai answer_streams 1"]);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  deepEqual([streams.size, held.length, one.signal.aborted], [2, 2, false]);
  two.close("unauthenticated");
  ok(two.signal.reason instanceof BarrageError && two.signal.reason.reason === "unauthenticated");
  const three = streams.open(by(3));
  streams.close();
  deepEqual([streams.size, held.length, three.signal.reason.reason], [0, 0, "unavailable"]);
  throws(() => streams.open(by(3)), { reason: "unavailable" });
});
