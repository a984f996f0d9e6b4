import { poolActor, type PoolVerb, type PoolVerbs } from "actors/ai/pool/definition.ts";
import { POOL_ROLES, roleOf } from "actors/ai/pool/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { PoolStage } from "tests/ai/pool/pool_stage.ts";
import { answerId, credential, credentialId, leaseId } from "tests/storage/contract/ai_records.ts";
import { guest, person, viewer } from "tests/support/room_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...viewer(4), standing: "operator" } as Caller,
  member: viewer(1),
  guest: guest(2),
  service: { kind: "service", user: person(3), scopes: ["ai", "ai_keys", "rooms"] },
  anonymous: ANONYMOUS,
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const RUNTIME: Row<Name> = { may: ["system"], unauthenticated: [] };
const OPERATORS: Row<Name> = { may: ["system", "operator on the bus", "operator"] };

const ROWS: Readonly<Record<PoolVerb, Row<Name>>> = {
  enqueue: RUNTIME,
  leave: RUNTIME,
  started: RUNTIME,
  renew: RUNTIME,
  release: RUNTIME,
  holds: RUNTIME,
  declined: RUNTIME,
  settle: RUNTIME,
  tick: RUNTIME,
  probed: RUNTIME,
  probe: OPERATORS,
  refresh: OPERATORS,
  inspect: OPERATORS,
};

const lease = leaseId(1);
const outcome = { kind: "done" } as const;

const CALLS: Readonly<Record<PoolVerb, (pool: Ref<PoolVerbs>, stage: PoolStage) => Promise<unknown>>> = {
  enqueue: (pool, stage) => pool.enqueue(stage.ticket(7)),
  leave: (pool) => pool.leave({ answer: answerId(2) }),
  started: (pool, stage) => pool.started({ lease: stage.leaseOf(1) }),
  renew: (pool, stage) => pool.renew({ lease: stage.leaseOf(1) }),
  release: (pool, stage) => pool.release({ lease: stage.leaseOf(1), outcome }),
  holds: (pool) => pool.holds({ answer: answerId(1), attempt: 1 }),
  declined: (pool, stage) => pool.declined({ lease: stage.leaseOf(1) }),
  settle: (pool) => pool.settle({}),
  tick: (pool) => pool.tick({}),
  probed: (pool) => pool.probed({ lease, outcome }),
  probe: async (pool, stage) => {
    const ending = async () => {
      await stage.clock.settle();
      for (const { end } of stage.probes) end(outcome);
    };
    await Promise.all([pool.probe({ credential: credentialId(2) }), ending()]);
  },
  refresh: (pool) => pool.refresh({}),
  inspect: (pool) => pool.inspect({}),
};

async function open(): Promise<OpenActor<Name>> {
  const stage = await PoolStage.open({ uses: [{ inFlightMax: 1, startsPerSecond: 1 }] });
  await stage.ask(1);
  await stage.ask(2);
  const [use] = (await stage.storage.credentials.list())[0]!.uses;
  await stage.storage.credentials.create(credential(2, { state: "disabled", uses: [use!] }), 9);
  await stage.pool.refresh({});
  await stage.clock.advance(1_100);
  return {
    call: (verb, name) => CALLS[verb as PoolVerb](stage.at(CALLERS[name]), stage),
    state: async () => [await stage.pool.inspect({}), stage.served, stage.probes.length],
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

export const poolTable: KindTable<Name> = {
  definition: poolActor,
  callers: Object.keys(CALLERS) as Name[],
  roles: { known: POOL_ROLES, played: Object.values<Caller>(CALLERS).map(roleOf) },
  rows: ROWS,
  open,
};
