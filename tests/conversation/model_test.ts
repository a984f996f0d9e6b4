import fc from "fast-check";
import { ConversationModel, type Step, USERS } from "./conversation_model.ts";

const user = fc.integer({ min: 1, max: USERS });
const which = fc.nat({ max: 1_000 });
const constants = <const K extends Step["kind"]>(...kinds: K[]) => fc.constantFrom(...kinds);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 14,
      arbitrary: fc.record({ kind: fc.constant("send"), user, mentions: fc.boolean() }),
    },
    { weight: 9, arbitrary: fc.record({ kind: constants("retry", "edit", "recall"), which }) },
    {
      weight: 10,
      arbitrary: fc.record({ kind: constants("read", "join", "leave", "kick", "pin"), user }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant("sync"), user, limit: fc.integer({ min: 1, max: 5 }) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 1, max: 250 }) }) },
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("hop"), hops: fc.integer({ min: 0, max: 6 }) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("fault"),
        fault: fc.constantFrom("refuse", "lose_answer"),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: constants("crash", "passivate", "second_owner") }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("sweep"), limit: fc.integer({ min: 1, max: 9 }) }),
    },
  ) as fc.Arbitrary<Step>,
  { minLength: 20, maxLength: 120, size: "max" },
);

for (const seed of [1, 2, 3]) {
  Deno.test(`[J59] whatever happens, everybody sees one order, all of it that is his and nothing else (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, (steps) => ConversationModel.run(steps, seed)),
      { seed, numRuns: Number(Deno.env.get("MODEL_RUNS") ?? 12) },
    );
  });
}
