import assert from "node:assert/strict";
import fc from "fast-check";
import { FixedLanes, ScrollLanes } from "../../web/stage/lanes.ts";

const WIDTH = 1_000;
const PX_PER_MS = 0.125;

interface Flight {
  lane: number;
  span: number;
  startedAt: number;
  width: number;
}

/** Left and right edge at a moment. */
function extent({ startedAt, width }: Flight, now: number): [number, number] {
  const left = WIDTH - (now - startedAt) * PX_PER_MS;
  return [left, left + width];
}

function overlap(a: Flight, b: Flight, now: number): boolean {
  const sameLane = a.lane < b.lane + b.span && b.lane < a.lane + a.span;
  const [[aLeft, aRight], [bLeft, bRight]] = [extent(a, now), extent(b, now)];
  return sameLane && aLeft < bRight && bLeft < aRight;
}

Deno.test("[W10] danmaku that fly never overlap, whatever their lengths and sizes", () => {
  const arrival = fc.record({
    afterMs: fc.integer({ min: 0, max: 900 }),
    width: fc.integer({ min: 20, max: 1_600 }),
    span: fc.integer({ min: 1, max: 2 }),
  });
  fc.assert(fc.property(fc.array(arrival, { minLength: 2, maxLength: 40 }), (arrivals) => {
    const lanes = new ScrollLanes({ lanes: 3, pxPerMs: PX_PER_MS });
    const flights: Flight[] = [];
    let now = 0;
    for (const { afterMs, width, span } of arrivals) {
      now += afterMs;
      const lane = lanes.free(now, span);
      if (lane === undefined) continue;
      lanes.take(lane, span, now, width);
      flights.push({ lane, span, startedAt: now, width });
    }
    for (const [i, a] of flights.entries()) {
      for (const b of flights.slice(i + 1)) {
        for (let at = b.startedAt; extent(a, at)[1] > 0; at += 250) assert(!overlap(a, b, at));
      }
    }
  }));
});

Deno.test("[W10] a lane is used again as soon as there is room behind the last one", () => {
  const lanes = new ScrollLanes({ lanes: 1, pxPerMs: PX_PER_MS });
  assert.equal(lanes.free(0, 1), 0);
  lanes.take(0, 1, 0, 100);
  assert.equal(lanes.free(800, 1), undefined);
  assert.equal(lanes.free(1_000, 1), 0);
});

Deno.test("[W10] a large one takes neighbouring lanes, and none when there is only one left", () => {
  const lanes = new FixedLanes({ lanes: 3, holdMs: 1_000 });
  assert.equal(lanes.free(0, 2), 0);
  lanes.take(0, 2, 0);
  assert.equal(lanes.free(0, 2), undefined);
  assert.equal(lanes.free(0, 1), 2);
  assert.equal(lanes.free(1_000, 2), 0);
});

Deno.test("[W11] lanes reserved for a large one are not given to small ones before it", () => {
  const lanes = new ScrollLanes({ lanes: 3, pxPerMs: PX_PER_MS });
  lanes.take(0, 1, 0, 976);
  lanes.take(1, 1, 0, 26);
  lanes.take(2, 1, 0, 76);
  assert.equal(lanes.free(500, 2), undefined);
  lanes.reserve(2);
  assert.equal(lanes.free(500, 1), undefined);
  assert.equal(lanes.free(800, 2), 1);
  lanes.release();
  assert.equal(lanes.free(500, 1), 1);
});
