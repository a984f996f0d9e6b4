import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Caller } from "actors/runtime/caller.ts";
import type { BarrageError } from "protocol/errors.ts";
import { answerId } from "tests/storage/contract/ai_records.ts";
import { BudgetStage, HOUR_MS, USER } from "./budget_stage.ts";

const DAY_MS = 24 * HOUR_MS;

async function refusal(promise: Promise<unknown>): Promise<BarrageError> {
  try {
    await promise;
  } catch (error) {
    return error as BarrageError;
  }
  throw new Error("Expected a refusal");
}

Deno.test("[Q40] over the requests of a day one waits until it ends, by UTC; then a new one begins", async () => {
  await using stage = await BudgetStage.open({ requestsPerDay: 2 });
  await stage.pass(20 * HOUR_MS);
  for (const n of [1, 2]) {
    await stage.budget().take({ answer: answerId(n), tokens: 9 });
    // Asked again, as a caller does who has lost the answer.
    await stage.budget().take({ answer: answerId(n), tokens: 9 });
    await stage.found(n);
  }
  const { reason, details } = await refusal(stage.budget().take({ answer: answerId(3), tokens: 1 }));
  deepEqual([reason, details.retryAfterMs], ["rate_limited", 4 * HOUR_MS - 1]);
  const until = stage.clock.now() + 4 * HOUR_MS - 1;
  deepEqual(await stage.budget().read({}), {
    requests: { used: 2, max: 2 },
    tokens: { used: 18 },
    until,
  });
  await stage.pass(details.retryAfterMs! - 1);
  await stage.budget().take({ answer: answerId(3), tokens: 1 });
  const next = await stage.budget().read({});
  deepEqual([next.requests.used, next.until], [1, until + DAY_MS]);
});

Deno.test("[Q41] tokens count as estimated while an answer runs, and as they were when it is over", async () => {
  await using stage = await BudgetStage.open({ tokensPerDay: 100 });
  const take = (n: number, tokens: number) => stage.budget().take({ answer: answerId(n), tokens });
  const tokens = async () => (await stage.budget().read({})).tokens.used;
  await take(1, 60);
  await stage.found(1);
  equal((await refusal(take(2, 41))).reason, "rate_limited");
  await take(2, 40);
  equal(await tokens(), 100);
  await stage.budget().drop({ answer: answerId(2) });
  equal(await tokens(), 60);
  await stage.use(1, 5);
  await stage.use(1, 25);
  equal(await tokens(), 60);
  await stage.budget().settle({ answer: answerId(1), tokens: 30 });
  deepEqual(await stage.budget().read({}), {
    ...await stage.budget().read({}),
    requests: { used: 1 },
    tokens: { used: 30, max: 100 },
  });
  await take(3, 70);
  equal((await refusal(take(4, 1))).reason, "rate_limited");
  // All of it from memory.
  equal(stage.reads, 1);
});

Deno.test("[Q42] without limits nothing is read and nothing refused", async () => {
  await using stage = await BudgetStage.open();
  for (let n = 0; n < 50; n++) await stage.budget().take({ answer: answerId(n), tokens: 1e9 });
  await stage.budget().settle({ answer: answerId(0), tokens: 5 });
  equal(stage.reads, 0);
});

Deno.test("[Q43] too many answers under way are refused; those that nobody settles are looked up in the records", async () => {
  await using stage = await BudgetStage.open({ tokensPerDay: 1_000, heldMax: 2, heldMs: 60_000 });
  for (const n of [1, 2]) await stage.budget().take({ answer: answerId(n), tokens: 100 });
  const { reason, details } = await refusal(stage.budget().take({ answer: answerId(3), tokens: 1 }));
  equal(reason, "overloaded");
  ok(details.retryAfterMs);
  await stage.found(1);
  await stage.use(1, 7);
  await stage.pass(60_000);
  await stage.budget().take({ answer: answerId(3), tokens: 1 });
  equal((await stage.budget().read({})).tokens.used, 8);
});

type Op =
  | { readonly do: "take" | "drop"; readonly n: number }
  | { readonly do: "use" | "settle"; readonly n: number; readonly tokens: number }
  | { readonly do: "restart" }
  | { readonly do: "pass"; readonly ms: number };

const N = fc.integer({ min: 1, max: 6 });
const OP: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ do: fc.constant("take" as const), n: N }),
  fc.record({ do: fc.constant("drop" as const), n: N }),
  fc.record({ do: fc.constantFrom("use" as const, "settle" as const), n: N, tokens: fc.nat(50) }),
  fc.record({ do: fc.constant("restart" as const) }),
  fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1_000, 200_000, 15 * HOUR_MS) }),
);

/** What a budget must say: what is recorded today, and what is held. */
class Model {
  readonly asked = new Map<number, number>();
  readonly ended = new Set<number>();
  readonly uses: { n: number; tokens: number; at: number }[] = [];
  readonly held = new Map<number, { tokens: number; at: number }>();

  spent(n: number): number {
    return this.uses.filter((use) => use.n === n).reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /** What an attempt cost whose answer a restart forgot is read at the latest when that answer is settled. */
  get settled(): boolean {
    return [...this.asked.keys()].every((n) => this.held.has(n) || this.ended.has(n));
  }

  at(now: number): { requests: number; tokens: number } {
    const from = now - now % DAY_MS;
    const today = (at: number) => at >= from;
    const besides = [...this.asked].filter(([n, at]) => !this.held.has(n) && today(at)).length;
    const held = [...this.held.values()];
    return {
      requests: besides + held.filter(({ at }) => today(at)).length,
      tokens: this.uses.filter(({ n, at }) => !this.held.has(n) && today(at))
        .reduce((sum, { tokens }) => sum + tokens, 0) + held.reduce((sum, { tokens }) => sum + tokens, 0),
    };
  }
}

Deno.test("[Q44] whatever happens, the budget is what is recorded and what is under way: exact over restarts and days", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(OP, { minLength: 3, maxLength: 30 }), async (ops) => {
      await using stage = await BudgetStage.open({ tokensPerDay: 1e9, heldMs: 1e12 });
      const model = new Model();
      const compare = async () => {
        const { requests, tokens } = await stage.budget().read({});
        deepEqual({ requests: requests.used, tokens: tokens.used }, model.at(stage.clock.now()));
      };
      const settle = async (n: number, tokens: number) => {
        await stage.use(n, tokens);
        model.uses.push({ n, tokens, at: stage.clock.now() });
        model.ended.add(n);
        await stage.budget().settle({ answer: answerId(n), tokens: model.spent(n) });
        model.held.delete(n);
      };
      for (const op of ops) {
        switch (op.do) {
          case "take":
            if (model.asked.has(op.n)) break;
            await stage.budget().take({ answer: answerId(op.n), tokens: 10 });
            model.held.set(op.n, { tokens: 10, at: stage.clock.now() });
            model.asked.set(op.n, stage.clock.now());
            await stage.found(op.n);
            break;
          case "drop":
            if (model.asked.has(op.n)) break;
            await stage.budget().take({ answer: answerId(op.n), tokens: 10 });
            await stage.budget().drop({ answer: answerId(op.n) });
            break;
          case "use":
            if (!model.asked.has(op.n) || model.ended.has(op.n)) break;
            await stage.use(op.n, op.tokens);
            model.uses.push({ n: op.n, tokens: op.tokens, at: stage.clock.now() });
            break;
          case "settle":
            if (model.asked.has(op.n) && !model.ended.has(op.n)) await settle(op.n, op.tokens);
            break;
          case "restart":
            await stage.restart();
            model.held.clear();
            break;
          case "pass":
            await stage.pass(op.ms);
            break;
        }
        if (model.settled) await compare();
      }
      for (const n of model.asked.keys()) if (!model.ended.has(n)) await settle(n, 3);
      await compare();
    }),
    { numRuns: 40 },
  );
});

Deno.test("[Q44] what is under way is not counted twice when the records are read again", async () => {
  await using stage = await BudgetStage.open({ tokensPerDay: 1_000 });
  const begin = async (n: number) => {
    await stage.budget().take({ answer: answerId(n), tokens: 100 });
    await stage.found(n);
    await stage.use(n, 7);
  };
  const read = async () => {
    const { requests, tokens } = await stage.budget().read({});
    return [requests.used, tokens.used];
  };
  await begin(1);
  await stage.restart();
  await begin(2);
  // Of the first one nothing but the records is known.
  await stage.budget().settle({ answer: answerId(1), tokens: 7 });
  deepEqual(await read(), [2, 107]);
  await stage.budget().settle({ answer: answerId(2), tokens: 7 });
  deepEqual(await read(), [2, 14]);
});

Deno.test("[Q45] a user sees his own budget and takes nothing of it by himself; nobody else sees it", async () => {
  await using stage = await BudgetStage.open({ tokensPerDay: 100 });
  const service = (id: string): Caller => ({ kind: "service", user: { id, name: "A" }, scopes: ["ai"] });
  await stage.budget().take({ answer: answerId(1), tokens: 60 });
  const own = stage.budget(service(USER));
  for (const call of [own.take, own.settle]) {
    equal((await refusal(call.call(own, { answer: answerId(2), tokens: 1 }))).reason, "forbidden");
  }
  equal((await refusal(own.drop({ answer: answerId(1) }))).reason, "forbidden");
  equal((await own.read({})).tokens.used, 60);
  equal((await refusal(stage.budget(service(answerId(9))).read({}))).reason, "forbidden");
});
