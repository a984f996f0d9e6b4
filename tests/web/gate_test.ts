import assert from "node:assert/strict";
import fc from "fast-check";
import { Gate } from "../../web/stage/gate.ts";
import type { Field, Mode } from "../../web/stage/lanes.ts";
import type { Shot } from "../../web/stage/shot.ts";
import { Waiting } from "../../web/stage/waiting.ts";
import { EngineSky } from "./engine_sky.ts";

const FIELD: Field = { width: 1_000, height: 201, lanePx: 40, seconds: 8 };
const LANES = 4;

function shot(text: string, more: Partial<Shot> = {}): Shot {
  return { text, count: 1, color: "#ffffff", position: "scroll", own: false, ...more };
}

/** Gate and engine, in which the text of a shot is as many pixels wide as it says. */
class Flight {
  readonly sky = new EngineSky(FIELD);
  readonly gate = new Gate(this.sky);

  constructor(lanes = LANES) {
    this.gate.limit(lanes);
  }

  launch(one: Shot, mode: Mode, now: number): boolean {
    const admitted = this.gate.admits(one, mode, ({ text }) => parseFloat(text), now);
    if (admitted) this.sky.launch(mode, parseFloat(one.text), now);
    return admitted;
  }

  /** A frame of the page, then one of the engine a moment later. @returns the texts that were let through. */
  frame(shots: readonly Shot[], now: number): string[] {
    this.gate.begin();
    const admitted = shots.filter((one) => this.launch(one, "rtl", now)).map(({ text }) => text);
    this.sky.frame(now + 0.005);
    return admitted;
  }
}

function assertApart({ placed, sky }: { placed: EngineSky["placed"]; sky: EngineSky }): void {
  for (const [i, a] of placed.entries()) {
    assert(a.y >= 0 && a.y + FIELD.lanePx <= FIELD.height, `Placed outside at ${a.y}`);
    for (const b of placed.slice(i + 1)) {
      if (a.mode !== b.mode || Math.abs(a.y - b.y) >= FIELD.lanePx) continue;
      for (let at = b.time; at <= a.time + FIELD.seconds; at += 0.05) {
        const [left, right] = [sky.extentOf(a, at), sky.extentOf(b, at)];
        // The engine compares positions in floating point.
        if (left && right) {
          assert(left[1] <= right[0] + 1e-6 || right[1] <= left[0] + 1e-6, `Overlap at ${at}`);
        }
      }
    }
  }
}

const frames = fc.array(
  fc.record({
    // Up to 300 ms between frames: a page that stutters.
    afterMs: fc.oneof(fc.constant(16), fc.integer({ min: 8, max: 300 })),
    engineAfterMs: fc.integer({ min: 0, max: 200 }),
    arrivals: fc.array(
      fc.record({
        text: fc.integer({ min: 20, max: 1_600 }).map(String),
        count: fc.constantFrom(1, 1, 1, 2, 40),
        own: fc.constantFrom(false, false, false, true),
        position: fc.constantFrom("scroll" as const, "scroll" as const, "scroll" as const, "top" as const),
      }),
      { maxLength: 4 },
    ),
  }),
  { minLength: 1, maxLength: 150, size: "max" },
);

for (const mode of ["rtl", "top", "bottom"] as const) {
  Deno.test(`[W10] what the gate lets through as ${mode} never overlaps where the engine puts it, nor leaves its lanes`, () => {
    fc.assert(fc.property(frames, fc.integer({ min: 1, max: LANES }), (all, lanes) => {
      const flight = new Flight(lanes);
      let now = 0;
      for (const { afterMs, engineAfterMs, arrivals } of all) {
        now += afterMs / 1_000;
        flight.gate.begin();
        for (const one of arrivals) flight.launch(shot(one.text, one), mode, now);
        now += engineAfterMs / 1_000;
        flight.sky.frame(now);
      }
      const { sky } = flight;
      const offsets = sky.placed.map(({ y }) => mode === "bottom" ? FIELD.height - FIELD.lanePx - y : y);
      assert(offsets.every((y) => y < lanes * FIELD.lanePx), "Placed beyond the lanes");
      assertApart({ placed: sky.placed, sky });
    }));
  });
}

Deno.test("[W10] every lane is used, and used again as soon as there is room behind the last one", () => {
  const flight = new Flight();
  const crowd = ["200", "200", "200", "200", "200"].map((text) => shot(text));
  for (let n = 0; n < 10; n++) flight.frame(crowd, n / 100);
  assert.deepEqual(flight.sky.placed.map(({ y }) => y), [0, 40, 80, 120]);
  // 200 of 1,200 pixels take 8 s / 6.
  assert.deepEqual(flight.frame(crowd, 1.3), []);
  assert.deepEqual(flight.frame(crowd, 1.34), ["200"]);
  assert.deepEqual(flight.sky.placed.map(({ y }) => y), [0, 40, 80, 120, 0]);
});

Deno.test("[W11] the last lane is kept for one's own that is too wide for now, and it gets it", () => {
  const flight = new Flight(2);
  const own = shot("1000", { own: true });
  const others = [shot("100"), shot("90"), shot("80")];
  for (let n = 0; n < 4; n++) flight.frame(others, n / 100);
  const admitted: [string, number][] = [];
  for (let now = 0.1; !admitted.some(([text]) => text === own.text) && now < 8; now += 0.016) {
    for (const text of flight.frame([own, ...others], now)) admitted.push([text, now]);
  }
  const [text, at] = admitted.at(-1) ?? [];
  // The engine lets a 1,000 pixels wide one follow after half of the 8 s.
  assert(text === own.text && at !== undefined && at < 4.1, `Admitted at ${at}`);
  assert(admitted.length > 2, "Others fly meanwhile");
  assert.equal(flight.sky.placed.at(-1)?.y, 40);
});

Deno.test("[W12] what the engine finds out of date is handed back", () => {
  const flight = new Flight();
  const one = shot("100");
  assert(flight.launch(one, "rtl", 0));
  assert.equal(flight.gate.begin(), undefined);
  flight.sky.frame(FIELD.seconds + 1);
  assert.equal(flight.gate.begin(), one);
  assert.equal(flight.gate.begin(), undefined);
  assert(flight.gate.empty);
});

Deno.test("[W12] placed by the engine and not shown add up to what arrived", () => {
  fc.assert(fc.property(frames, (all) => {
    const waiting = new Waiting(5);
    const flight = new Flight();
    let [now, offered, shown] = [0, 0, 0];
    for (const { afterMs, engineAfterMs, arrivals } of all) {
      now += afterMs;
      for (const one of arrivals) {
        waiting.offer(shot(one.text, one), now);
        offered += one.count;
      }
      assert.equal(flight.gate.begin(), undefined);
      const placed = flight.sky.placed.length;
      let admitted = 0;
      waiting.launch(now, 6, (one) => {
        if (!flight.launch(one, "rtl", now / 1_000)) return false;
        admitted += one.count;
        return true;
      });
      now += engineAfterMs;
      flight.sky.frame(now / 1_000);
      if (flight.sky.placed.length > placed) shown += admitted;
    }
    waiting.clear();
    assert.equal(shown + waiting.takeNotShown(), offered);
  }));
});
