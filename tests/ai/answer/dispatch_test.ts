import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Dispatch, type PieceBatch } from "actors/ai/answer/dispatch.ts";
import { BarrageError } from "protocol/errors.ts";
import { ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const MANY = 50;

function opened(answer: (batch: PieceBatch, nth: number) => { length: number; stop: boolean }) {
  const clock = new VirtualClock();
  const batches: PieceBatch[] = [];
  const refused: string[] = [];
  const dispatch = new Dispatch(
    { attempt: 1, lease: ulid(1), credential: ulid(2), base: 0, patienceMs: 10_000 },
    {
      clock,
      send: (batch) => {
        batches.push(batch);
        // Were it to spin, nothing else would ever run.
        if (batches.length > MANY) return Promise.reject(new BarrageError("gone"));
        return Promise.resolve(answer(batch, batches.length));
      },
      onRefused: (why) => refused.push(why),
      pause: () => undefined,
    },
  );
  return { clock, batches, refused, dispatch };
}

Deno.test("[AN17] an answer that takes nothing is asked again now and then, not all the time", async () => {
  const { clock, batches, dispatch } = opened(() => ({ length: 0, stop: false }));
  dispatch.text("Hello");
  await clock.settle();
  await clock.advance(1_000);
  strictEqual(batches.length > 1 && batches.length < 20, true, `${batches.length}`);
});

Deno.test("[AN17] what an answer has lost is sent again from there", async () => {
  const { clock, batches, refused, dispatch } = opened(({ pieces }, nth) => {
    const text = pieces.map((piece) => piece.kind === "text" ? piece.text.length : 0);
    // The second time it is another incarnation, which has the first three characters only.
    return { length: nth === 2 ? 3 : nth === 3 ? 11 : text[0] ?? 0, stop: false };
  });
  dispatch.text("Hello ");
  await clock.settle();
  dispatch.text("world");
  await clock.settle();
  await clock.advance(200);
  deepStrictEqual(batches.map(({ from, pieces }) => [from, pieces]), [
    [0, [{ kind: "text", text: "Hello " }]],
    [6, [{ kind: "text", text: "world" }]],
    [3, [{ kind: "text", text: "lo world" }]],
  ]);
  deepStrictEqual(refused, []);
});
