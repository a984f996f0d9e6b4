import fc from "fast-check";
import { RoomModel, type Step } from "./room_model.ts";

const user = fc.integer({ min: 0, max: 3 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant("say"),
        user,
        text: fc.integer({ min: 0, max: 6 }),
        named: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("retry"), which: fc.nat({ max: 1_000 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("join"),
        at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        oldEpoch: fc.boolean(),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 1, max: 250 }) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("hop"), hops: fc.integer({ min: 0, max: 4 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("fault"),
        fault: fc.constantFrom("refuse", "lose_answer"),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: "crash" } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: "passivate" } as const) },
  ),
  { minLength: 20, maxLength: 120, size: "max" },
);

for (const seed of [1, 2, 3]) {
  Deno.test(`[M90] whatever happens, what was acknowledged is stored once, in order, for everybody (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, (steps) => RoomModel.run(steps, seed)),
      { seed, numRuns: Number(Deno.env.get("MODEL_RUNS") ?? 12) },
    );
  });
}
