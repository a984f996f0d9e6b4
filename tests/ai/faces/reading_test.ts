import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { AiDelta, AiDone, AnswerView } from "protocol/ai.ts";
import { AnswerNotice } from "routes/gateway/ai/answer_notice.ts";
import { type AnswerReader, Reading } from "routes/gateway/ai/reading.ts";
import { ulid } from "tests/support/room_stage.ts";

const ANSWER = ulid(1);

/** An answer as its actor has it: text that grows, is made anew from some offset on, or is taken back. */
class Told {
  attempt = 1;
  text = "";
  over: "done" | "failed" | undefined;
  readonly notices: AnswerNotice[] = [];

  say(text: string): void {
    const offset = this.text.length;
    this.text += text;
    this.#publish("delta", { attempt: this.attempt, offset, text }, text.length);
  }

  /** The next attempt goes on from an offset, which is behind what some were shown. */
  anew(offset: number): void {
    this.attempt++;
    this.text = this.text.slice(0, offset);
    if (offset > 0) this.#publish("resumed", { attempt: this.attempt, offset });
  }

  takeBack(): void {
    this.text = "";
    this.#publish("resumed", { attempt: this.attempt, offset: 0 });
    this.end("failed");
  }

  end(state: "done" | "failed"): void {
    this.over = state;
    this.#publish("done", { attempt: this.attempt, offset: this.text.length, state });
  }

  view(from: number): AnswerView {
    const offset = Math.min(from, this.text.length);
    return {
      ...{ answer: ANSWER, feature: "text", model: "m1", attempt: this.attempt, askedAt: 0 },
      ...{ state: this.over ?? "running", offset, text: this.text.slice(offset) },
    };
  }

  #publish(
    event: string,
    body: { attempt: number; offset: number; [more: string]: unknown },
    length = 0,
  ): void {
    this.notices.push(
      new AnswerNotice({
        subject: `barrage.v1.evt.answer.${ANSWER}.${event}`,
        data: new TextEncoder().encode(JSON.stringify({ answer: ANSWER, ...body })),
        headers: {
          ...{ epoch: "1", attempt: String(body.attempt) },
          ...{ offset: String(body.offset), length: String(length) },
        },
      }),
    );
  }
}

/** Puts together what it is told, and refuses what does not fit. */
class Page implements AnswerReader {
  text = "";
  attempt = 0;
  resumptions = 0;
  ends: AiDone[] = [];

  begin({ text, attempt }: AnswerView): void {
    this.text = text;
    this.attempt = attempt;
  }

  delta(delta: () => AiDelta): void {
    const { attempt, offset, text } = delta();
    equal(this.ends.length, 0, "text after the end");
    equal(offset, this.text.length, "a gap, or something twice");
    ok(text !== "", "nothing");
    ok(attempt >= this.attempt);
    this.attempt = attempt;
    this.text += text;
  }

  resumed(attempt: number, offset: number): void {
    ok(attempt >= this.attempt && offset <= this.text.length);
    this.resumptions++;
    this.attempt = attempt;
    this.text = this.text.slice(0, offset);
  }

  progress(): void {}
  place(): void {}

  done(done: AiDone): void {
    this.ends.push(done);
  }
}

function reader(onGap: (reading: Reading) => void = () => {}) {
  const page = new Page();
  return { page, reading: new Reading(ANSWER, page, onGap) };
}

const Happening = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("say" as const),
      text: fc.string({ minLength: 1, maxLength: 5, unit: "binary" }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("anew" as const),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
);
const Fate = fc.constantFrom("arrives", "arrives", "arrives", "is lost", "comes twice", "comes late");

Deno.test("[AF2] who has missed an attempt asks again, though the next one goes on behind what he has", () => {
  const told = new Told();
  let asked = 0;
  const { page, reading } = reader(() => asked++);
  reading.begin(told.view(0));
  told.say("ab");
  reading.take(told.notices.at(-1)!);
  told.anew(0);
  told.say("xyz");
  told.anew(2);
  reading.take(told.notices.at(-1)!);
  deepEqual([asked, page.text], [1, "ab"]);
  reading.catchUp(told.view(0));
  equal(page.text, "xy");
});

Deno.test("[AF1][AF2][AF3] whatever becomes of the events, a reader who may ask again ends with the text, each character told once", () => {
  fc.assert(
    fc.property(
      fc.array(Happening, { maxLength: 25 }),
      fc.array(Fate, { minLength: 60, maxLength: 60 }),
      fc.nat(20),
      fc.nat(20),
      fc.constantFrom("done", "taken back"),
      (happenings, fates, viewAt, beginAt, ending) => {
        const told = new Told();
        let asked = false;
        const { page, reading } = reader(() => asked = true);
        let view: AnswerView | undefined;
        let sent = 0;
        const late: AnswerNotice[] = [];
        const deliver = () => {
          while (sent < told.notices.length) {
            const notice = told.notices[sent]!;
            const fate = fates[sent++ % fates.length];
            if (fate === "comes late") late.push(notice);
            else if (fate !== "is lost") reading.take(notice);
            if (fate === "comes twice") reading.take(notice);
          }
          if (asked && reading.live) {
            reading.catchUp(told.view(told.attempt === reading.attempt ? reading.offset : 0));
          }
          asked = false;
        };
        const begin = () => {
          view ??= told.view(0);
          page.begin(view);
          reading.begin(view);
        };
        for (const [n, happening] of happenings.entries()) {
          if (n === viewAt) view = told.view(0);
          if (happening.kind === "say") told.say(happening.text);
          else told.anew(Math.floor(happening.at * told.text.length));
          deliver();
          if (view !== undefined && n >= viewAt + beginAt && !reading.live) begin();
          if (n % 5 === 4) { for (const notice of late.splice(0)) reading.take(notice); }
        }
        if (!reading.live && !reading.over) begin();
        if (ending === "done") told.end("done");
        else told.takeBack();
        deliver();
        for (const notice of late.splice(0)) reading.take(notice);
        // Silence.
        reading.catchUp(told.view(0));
        equal(page.text, told.text);
        equal(page.ends.length, 1);
        deepEqual([page.ends[0]?.offset, page.ends[0]?.state], [told.text.length, told.over]);
      },
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("[AF1] what came before the view is on the wire is not told again, and is no reason to begin anew", () => {
  const told = new Told();
  const { page, reading } = reader();
  told.say("The quick ");
  told.anew(4);
  told.say("slow fox");
  for (const notice of told.notices) reading.take(notice);
  const view = told.view(0);
  page.begin(view);
  reading.begin(view);
  deepEqual([page.text, page.resumptions], ["The slow fox", 0]);
  told.say(" sleeps");
  reading.take(told.notices.at(-1)!);
  equal(page.text, "The slow fox sleeps");
});

Deno.test("[AF1] a word from before what he has heard since does not set a reader back", () => {
  const told = new Told();
  const { page, reading } = reader();
  page.begin(told.view(0));
  reading.begin(told.view(0));
  told.say("abcdef");
  reading.take(told.notices.at(-1)!);
  const stale = told.view(3);
  told.anew(2);
  reading.take(told.notices.at(-1)!);
  reading.catchUp(stale);
  reading.catchUp({ ...stale, offset: 0, text: "abcdef" });
  deepEqual([page.text, page.attempt], ["ab", 2]);
  const beyond = { ...told.view(0), offset: 5, text: "xyz" };
  reading.catchUp(beyond);
  equal(page.text, "ab");
});

Deno.test("[AF2] a text that is taken back is taken from its readers, though the event that says so was lost", () => {
  for (const lost of [false, true]) {
    const told = new Told();
    let gaps = 0;
    const { page, reading } = reader(() => gaps++);
    page.begin(told.view(0));
    reading.begin(told.view(0));
    told.say("What nobody may see");
    reading.take(told.notices.at(-1)!);
    told.takeBack();
    const [resumed, done] = told.notices.slice(-2);
    if (!lost) reading.take(resumed!);
    reading.take(done!);
    equal(gaps, lost ? 1 : 0);
    if (lost) reading.catchUp(told.view(0));
    deepEqual([page.text, page.ends.length], ["", 1]);
  }
});
