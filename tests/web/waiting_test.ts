import assert from "node:assert/strict";
import fc from "fast-check";
import type { Shot } from "../../web/stage/shot.ts";
import { Waiting } from "../../web/stage/waiting.ts";

function shot(text: string, more: Partial<Shot> = {}): Shot {
  return { text, count: 1, color: "#ffffff", position: "scroll", own: false, ...more };
}

function launchAll(waiting: Waiting, now: number, limit = 100): Shot[] {
  const launched: Shot[] = [];
  waiting.launch(now, limit, (one) => launched.push(one) > 0);
  return launched;
}

Deno.test("[W11] one's own fly first, then what many said, then the newest", () => {
  const waiting = new Waiting(10);
  waiting.offer(shot("old"), 1);
  waiting.offer(shot("new"), 2);
  waiting.offer(shot("few", { count: 3 }), 0);
  waiting.offer(shot("many", { count: 80 }), 0);
  waiting.offer(shot("mine", { own: true }), 0);
  assert.deepEqual(launchAll(waiting, 10).map(({ text }) => text), ["mine", "many", "few", "new", "old"]);
});

Deno.test("[W11] a full queue gives way to what is better and counts what it gave up", () => {
  const waiting = new Waiting(2);
  waiting.offer(shot("a"), 0);
  waiting.offer(shot("b", { count: 5 }), 0);
  waiting.offer(shot("c", { count: 9 }), 0);
  waiting.offer(shot("d", { position: "top" }), -1);
  assert.equal(waiting.takeNotShown(), 2);
  assert.deepEqual(launchAll(waiting, 1).map(({ text }) => text), ["c", "b"]);
});

Deno.test("[W11] equal words that wait together fly as one", () => {
  const waiting = new Waiting(10);
  waiting.offer(shot("GG", { count: 2 }), 0);
  waiting.offer(shot("gg", { count: 40 }), 0);
  assert.deepEqual(launchAll(waiting, 1).map(({ text, count }) => ({ text, count })), [{
    text: "GG",
    count: 42,
  }]);
});

Deno.test("[W11] in a crowd the same words rest after they flew, and add up", () => {
  const waiting = new Waiting(10);
  function crowd(now: number) {
    waiting.offer(shot("666", { count: 10 }), now);
    for (const text of ["a", "b", "c"]) waiting.offer(shot(text), now);
    return launchAll(waiting, now, 1)[0];
  }
  assert.equal(crowd(0)?.text, "666");
  assert.notEqual(crowd(100)?.text, "666");
  assert.notEqual(crowd(200)?.text, "666");
  const again = crowd(2_300);
  assert.deepEqual([again?.text, again?.count], ["666", 30]);
  assert.equal(waiting.takeNotShown(), 0);
});

Deno.test("[W11] what has rested gets its turn also when nobody says it again", () => {
  const waiting = new Waiting(10);
  waiting.offer(shot("666", { count: 10 }), 0);
  assert.equal(launchAll(waiting, 0).length, 1);
  waiting.offer(shot("666", { count: 30 }), 100);
  for (const text of ["a", "b", "c"]) waiting.offer(shot(text), 100);
  assert.deepEqual(launchAll(waiting, 100, 2).map(({ text }) => text), ["a", "b"]);
  waiting.launch(2_000, 2, () => false);
  const [rested] = launchAll(waiting, 2_300);
  assert.deepEqual([rested?.text, rested?.count], ["666", 30]);
});

Deno.test("[W12] what finds no lane in time is counted, one's own is waited for longer", () => {
  const waiting = new Waiting(10);
  waiting.offer(shot("late", { count: 4 }), 0);
  waiting.offer(shot("mine", { own: true }), 0);
  waiting.launch(2_501, 10, () => false);
  assert.equal(waiting.takeNotShown(), 4);
  assert.deepEqual(launchAll(waiting, 7_000).map(({ text }) => text), ["mine"]);
});

Deno.test("[W12] shown and not shown add up to what was offered", () => {
  const arrival = fc.record({
    text: fc.constantFrom("666", "lol", "gg", "first!", "wow"),
    count: fc.integer({ min: 1, max: 50 }),
    afterMs: fc.integer({ min: 0, max: 400 }),
    lanes: fc.integer({ min: 0, max: 2 }),
    own: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(arrival, { maxLength: 80 }), (arrivals) => {
    const waiting = new Waiting(3);
    let [now, offered, shown] = [0, 0, 0];
    for (const { text, count, afterMs, lanes, own } of arrivals) {
      now += afterMs;
      offered += count;
      waiting.offer(shot(text, { count, own }), now);
      let free = lanes;
      waiting.launch(now, 2, (one) => {
        if (free-- <= 0) return false;
        shown += one.count;
        return true;
      });
      assert(waiting.size <= 3);
    }
    waiting.clear();
    assert.equal(shown + waiting.takeNotShown(), offered);
  }));
});
