import fc from "fast-check";
import { ChatModel, OWNERS, type Step } from "./support/chat_model.ts";

const device = fc.nat({ max: OWNERS.length - 1 });
const which = fc.nat({ max: 100 });
const where = fc.nat({ max: 1 });
const constants = <const K extends Step["kind"]>(...kinds: K[]) => fc.constantFrom(...kinds);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 16, arbitrary: fc.record({ kind: fc.constant("send"), device, where }) },
    { weight: 6, arbitrary: fc.record({ kind: constants("read", "older"), device, where }) },
    { weight: 6, arbitrary: fc.record({ kind: constants("edit", "recall"), device, which }) },
    { weight: 4, arbitrary: fc.record({ kind: constants("cut"), device, where }) },
    { weight: 2, arbitrary: fc.record({ kind: constants("reload"), device, where }) },
    { weight: 3, arbitrary: fc.record({ kind: constants("kick", "leave", "invite", "invite") }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant("trap"),
        device,
        method: fc.constantFrom("chat.send", "chat.send", "chat.sync", "chat.history"),
        when: fc.constantFrom("asked", "answered"),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("wire"),
        device,
        lateMs: fc.constantFrom(0, 5, 30, 200),
        twice: fc.boolean(),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant("pass"), ms: fc.integer({ min: 1, max: 1_500 }) }),
    },
  ) as fc.Arbitrary<Step>,
  { minLength: 20, maxLength: 80, size: "max" },
);

for (const seed of [1, 2]) {
  Deno.test(`[C110] whatever happens, each message is stored once, and everybody sees what the server has (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(steps, (steps) => ChatModel.run(steps, seed)),
      { seed, numRuns: Number(Deno.env.get("MODEL_RUNS") ?? 15) },
    );
  });
}
