import { budgetActor, type BudgetVerb, type BudgetVerbs } from "actors/ai/budget/definition.ts";
import { BUDGET_ROLES, roleOf } from "actors/ai/budget/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { BudgetStage, USER } from "tests/ai/budget_stage.ts";
import { answerId } from "tests/storage/contract/ai_records.ts";
import { guest, person, viewer } from "tests/support/room_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...viewer(4), standing: "operator" } as Caller,
  self: { ...viewer(1), user: { id: USER, name: "A" } } as Caller,
  member: viewer(5),
  guest: guest(2),
  service: { kind: "service", user: person(3), scopes: ["ai"] },
  "the service itself": { kind: "service", user: { id: USER, name: "A" }, scopes: [] },
  anonymous: ANONYMOUS,
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const RUNTIME: Row<Name> = { may: ["system"], unauthenticated: [] };

const ROWS: Readonly<Record<BudgetVerb, Row<Name>>> = {
  take: RUNTIME,
  settle: RUNTIME,
  drop: RUNTIME,
  read: { may: ["system", "operator on the bus", "operator", "self", "the service itself"] },
};

const answer = answerId(1);

const CALLS: Readonly<Record<BudgetVerb, (budget: Ref<BudgetVerbs>) => Promise<unknown>>> = {
  take: (budget) => budget.take({ answer: answerId(2), tokens: 1 }),
  settle: (budget) => budget.settle({ answer, tokens: 1 }),
  drop: (budget) => budget.drop({ answer }),
  read: (budget) => budget.read({}),
};

async function open(): Promise<OpenActor<Name>> {
  const stage = await BudgetStage.open({ tokensPerDay: 100 });
  await stage.budget().take({ answer, tokens: 7 });
  return {
    call: (verb, name) => CALLS[verb as BudgetVerb](stage.budget(CALLERS[name])),
    state: () => stage.budget().read({}),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

export const budgetTable: KindTable<Name> = {
  definition: budgetActor,
  callers: Object.keys(CALLERS) as Name[],
  roles: {
    known: BUDGET_ROLES,
    played: Object.values<Caller>(CALLERS).map((caller) => roleOf(caller, USER)),
  },
  rows: ROWS,
  open,
};
