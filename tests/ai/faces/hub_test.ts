import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { UpstreamFault } from "actors/ai/provider.ts";
import type { Bus, BusMessage } from "actors/bus/bus.ts";
import { json } from "protocol/json.ts";
import type { AiDelta, AiDone, AiPlace } from "protocol/ai.ts";
import { AiHub } from "routes/gateway/ai/ai_hub.ts";
import type { AnswerNotice } from "routes/gateway/ai/answer_notice.ts";
import type { AnswerReader } from "routes/gateway/ai/reading.ts";
import { type AiProcess, AiStage } from "tests/support/ai_stage.ts";
import { ulid, viewer } from "tests/support/room_stage.ts";

class Page implements AnswerReader {
  text = "";
  readonly ends: AiDone[] = [];
  places: AiPlace[] = [];
  resumptions: string[] = [];
  notices: (AnswerNotice | undefined)[] = [];

  delta(delta: () => AiDelta, notice: AnswerNotice | undefined): void {
    strictEqual(delta().offset, this.text.length);
    this.notices.push(notice);
    this.text += delta().text;
  }

  resumed(attempt: number, offset: number): void {
    this.resumptions.push(`${attempt} ${offset}`);
    this.text = this.text.slice(0, offset);
  }

  progress(): void {}

  place(place: AiPlace): void {
    this.places.push(place);
  }

  done(done: AiDone): void {
    this.ends.push(done);
  }
}

/** A bus that loses the events of answers that it is told to. */
class Lossy implements Pick<Bus, "subscribe"> {
  subscriptions = 0;
  lose: (message: BusMessage) => boolean = () => false;

  constructor(readonly bus: Bus) {}

  subscribe(...[subject, handler, ...rest]: Parameters<Bus["subscribe"]>): ReturnType<Bus["subscribe"]> {
    this.subscriptions++;
    return this.bus.subscribe(subject, (message) => {
      if (!this.lose(message)) handler(message);
    }, ...rest);
  }
}

function hubOn(stage: AiStage, process: AiProcess) {
  const lossy = new Lossy(process.bus);
  const bus = lossy as unknown as Bus;
  const hub = new AiHub({ nodeId: "here", node: process.node, bus, clock: stage.clock });
  const read = async (n: number, { user = n, from = 0 } = {}) => {
    const page = new Page();
    const joined = await stage.run(hub.read(ulid(n), page, viewer(user), from));
    page.text = " ".repeat(from) + joined.view.text;
    joined.begin();
    return { page, joined };
  };
  return { hub, lossy, read };
}

Deno.test("[AF1][AF3] readers join at any time, from any offset, and all have the whole text and its end", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const { hub, read } = hubOn(stage, process);
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  const first = await read(1);
  call.say("The quick ");
  await stage.pass(50);
  const second = await read(1, { from: 4 });
  call.say("brown fox");
  await stage.pass(50);
  call.finish();
  await stage.pass(500);
  const third = await read(1);
  strictEqual(first.page.text, "The quick brown fox");
  strictEqual(second.page.text, "    quick brown fox");
  strictEqual(third.page.text, "The quick brown fox");
  for (const { page } of [first, second, third]) strictEqual(page.ends[0]?.state, "done");
  deepStrictEqual([hub.answers, hub.readers], [0, 0]);
});

Deno.test("[AF4] all readers of an answer share a subscription and what is encoded of an event", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const { lossy, read } = hubOn(stage, process);
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  const readers = [await read(1), await read(1), await read(1)];
  // The answer's events, and the places of its pool.
  strictEqual(lossy.subscriptions, 2);
  call.say("once");
  await stage.pass(50);
  const frames = readers.map(({ page }) => page.notices[0]!.in(json));
  strictEqual(new Set(frames).size, 1);
});

Deno.test("[AF3] when the last event is lost, its readers learn of the end after some silence", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const { hub, lossy, read } = hubOn(stage, process);
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  const { page } = await read(1);
  lossy.lose = () => true;
  call.say("All that there is");
  call.finish();
  await stage.pass(4_000);
  strictEqual(page.ends.length, 0);
  await stage.pass(6_500);
  deepStrictEqual([page.text, page.ends[0]?.state], ["All that there is", "done"]);
  strictEqual(hub.answers, 0);
});

Deno.test("[AF1] a lost event is noticed with the next one, and asked for at once", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const { lossy, read } = hubOn(stage, process);
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  const { page } = await read(1);
  lossy.lose = ({ subject }) => subject.endsWith(".delta");
  call.say("Some of it ");
  await stage.pass(50);
  lossy.lose = () => false;
  call.say("and the rest");
  await stage.pass(50);
  strictEqual(page.text, "Some of it and the rest");
  strictEqual(process.node.drops.of("ai", "lost_on_bus"), 1);
});

Deno.test("[AF3] an answer that has failed again and again before any text is over at once for its readers", async () => {
  await using stage = await AiStage.open({ credentials: 2, answer: { failuresMax: 2 } });
  const process = await stage.start();
  const { read } = hubOn(stage, process);
  await stage.run(process.ask(1));
  const { page } = await read(1);
  for (const n of [1, 2]) {
    (await stage.call(n)).fail(new UpstreamFault("transient", "It failed"));
    await stage.pass(500);
  }
  deepStrictEqual(page.ends.map(({ state, attempt }) => [state, attempt]), [["failed", 2]]);
  strictEqual(process.node.drops.of("ai", "lost_on_bus"), 0);
});

Deno.test("[AF2] readers are told from where on the text is made anew", async () => {
  await using stage = await AiStage.open({ credentials: 2, answer: { holdBack: 0 } });
  const process = await stage.start();
  const { read } = hubOn(stage, process);
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  const { page } = await read(1);
  call.say("Half of it");
  await stage.pass(50);
  call.close();
  const next = await stage.call(2);
  next.say(", and the other half");
  next.finish();
  await stage.pass(500);
  deepStrictEqual(page.resumptions, ["2 10"]);
  deepStrictEqual([page.text, page.ends[0]?.attempt], ["Half of it, and the other half", 2]);
});

Deno.test("[AF4] an answer goes on while somebody reads it, and for the grace after the last one has left", async () => {
  await using stage = await AiStage.open({ answer: { graceMs: 5_000 } });
  const process = await stage.start();
  const { read } = hubOn(stage, process);
  await stage.run(process.ask(1, { detached: false }));
  const call = await stage.call(1);
  const readers = [await read(1), await read(1)];
  for (let n = 0; n < 6; n++) {
    call.say("more ");
    await stage.pass(10_000);
  }
  strictEqual(call.signal.aborted, false);
  readers[0]!.joined.leave();
  call.say("more ");
  await stage.pass(10_000);
  strictEqual(call.signal.aborted, false);
  readers[1]!.joined.leave();
  await stage.pass(4_000);
  strictEqual(call.signal.aborted, false);
  await stage.pass(3_000);
  strictEqual(call.signal.aborted, true);
  strictEqual((await stage.storage.answers.read(ulid(1)))?.state, "cancelled");
});

Deno.test("[AF5] who reads what waits is told his place as it moves", async () => {
  await using stage = await AiStage.open({ use: { inFlightMax: 1 } });
  const process = await stage.start();
  const { read } = hubOn(stage, process);
  for (const n of [1, 2, 3]) await stage.run(process.ask(n, { user: 1 }));
  const call = await stage.call(1);
  const { page } = await read(3, { user: 1 });
  await stage.pass(3_000);
  strictEqual(page.places.at(-1)?.position, 2);
  call.finish();
  await stage.call(2);
  await stage.pass(3_000);
  strictEqual(page.places.at(-1)?.position, 1);
});

Deno.test("[AF7] nobody reads what is somebody else's, and trying leaves nothing behind", async () => {
  await using stage = await AiStage.open();
  const process = await stage.start();
  const { hub, read } = hubOn(stage, process);
  await stage.run(process.ask(1));
  await rejects(read(1, { user: 2 }), { reason: "forbidden" });
  await rejects(read(2), { reason: "forbidden" });
  deepStrictEqual([hub.answers, hub.readers], [0, 0]);
});

Deno.test("[AF6] a call that is made again after what it had shown was lost tells its readers to begin anew", async () => {
  await using stage = await AiStage.open({ answer: { checkpointMs: 60_000, totalMaxMs: 300_000 } });
  const first = await stage.start();
  await stage.run(first.ask(1));
  const call = await stage.call(1);
  call.say("Shown and not stored");
  await stage.pass(100);
  first.kill();
  const second = await stage.start();
  const told = await second.told(1);
  const next = await stage.call(2, 120_000);
  strictEqual(next.call.partial, undefined);
  next.say("Another");
  await stage.pass(100);
  const { event, body } = told[0]!;
  deepStrictEqual([event, body["offset"]], ["resumed", 0]);
  deepStrictEqual(told[1]!.body["text"], "Another");
});
