import { answerActor, type AnswerVerb, type AnswerVerbs } from "actors/ai/answer/definition.ts";
import { ANSWER_ROLES, rolesOf } from "actors/ai/answer/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { AiStage, MODEL, textRequest } from "tests/support/ai_stage.ts";
import { guest, person, ulid, viewer } from "tests/support/room_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...viewer(4), standing: "operator" } as Caller,
  asker: viewer(1),
  member: viewer(5),
  guest: guest(2),
  service: { kind: "service", user: person(3), scopes: ["ai"] },
  "service without the scope": { kind: "service", user: person(6), scopes: ["rooms"] },
  anonymous: ANONYMOUS,
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const RUNTIME: Row<Name> = { may: ["system"], unauthenticated: [] };
const READERS: Row<Name> = { may: ["system", "operator on the bus", "operator", "asker"] };

const ROWS: Readonly<Record<AnswerVerb, Row<Name>>> = {
  ask: { may: ["system", "operator", "asker", "member", "guest", "service"] },
  admit: RUNTIME,
  follow: READERS,
  cancel: READERS,
  forget: RUNTIME,
  withdraw: RUNTIME,
  attend: RUNTIME,
  granted: RUNTIME,
  refused: RUNTIME,
  pieces: RUNTIME,
  tick: RUNTIME,
};

const lease = { lease: ulid(8_001), credential: ulid(9_001), attempt: 1 };

const CALLS: Readonly<Record<AnswerVerb, (answer: Ref<AnswerVerbs>) => Promise<unknown>>> = {
  ask: (answer) => answer.ask({ model: MODEL, request: textRequest("Hi"), band: "normal", detached: true }),
  admit: (answer) => answer.admit({ user: person(7) }),
  follow: (answer) => answer.follow({ from: 0 }),
  cancel: (answer) => answer.cancel({}),
  forget: (answer) => answer.forget({}),
  withdraw: (answer) => answer.withdraw({ user: ulid(1) }),
  attend: (answer) => answer.attend({ node: "n", readers: 1 }),
  granted: (answer) => answer.granted({ ...lease, upstreamModel: "up-1", termMs: 10_000 }),
  refused: (answer) => answer.refused({ attempt: 1 }),
  pieces: (answer) => answer.pieces({ ...lease, from: 0, pieces: [{ kind: "text", text: "Psst" }] }),
  tick: (answer) => answer.tick({}),
};

async function open(): Promise<OpenActor<Name>> {
  const stage = await AiStage.open({ use: { inFlightMax: 1 }, answer: { guests: true } });
  const process = await stage.start();
  // The slot is taken, so that the one after it waits.
  await stage.run(process.ask(9));
  await stage.call(1);
  await stage.run(process.ask(1));
  return {
    call: (verb, name) => stage.run(CALLS[verb as AnswerVerb](process.answer(1, CALLERS[name]))),
    state:
      async () => [await stage.storage.answers.read(ulid(1)), await stage.run(process.pool().inspect({}))],
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

export const answerTable: KindTable<Name> = {
  definition: answerActor,
  callers: Object.keys(CALLERS) as Name[],
  roles: {
    known: ANSWER_ROLES,
    played: Object.entries<Caller>(CALLERS).flatMap(([name, caller]) =>
      rolesOf(caller, name === "asker", true)
    ),
  },
  rows: ROWS,
  open,
};
