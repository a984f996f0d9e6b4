import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { Ids } from "actors/runtime/ids.ts";
import { Ulid } from "protocol/ids.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

Deno.test("[S19] ids are unique and grow, also within a millisecond and when the clock is set back", () => {
  const hops = fc.array(fc.integer({ min: -86_400_000, max: 86_400_000 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(hops, fc.double({ min: 0, max: 0.9, noNaN: true }), (skews, fixed) => {
      const clock = new VirtualClock();
      const ids = new Ids(clock, () => fixed);
      const made: string[] = [];
      for (const skew of skews) {
        clock.skew = skew;
        made.push(ids.next(), ids.next());
      }
      deepEqual([...made].sort(), made);
      equal(new Set(made).size, made.length);
      for (const id of made) ok(Ulid.safeParse(id).success);
    }),
    { seed: 19 },
  );
});
