import { conversationActor, type ConversationVerb } from "actors/conversation/definition.ts";
import { CONVERSATION_ROLES, rolesOf } from "actors/conversation/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { ConversationVerbs } from "actors/conversation/definition.ts";
import type { MemberRecord } from "storage/conversation_storage.ts";
import {
  type ConversationProcess,
  ConversationStage,
  direct,
  group,
  guest,
  member,
  person,
} from "tests/support/conversation_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

/** In a group: 1 owns it, 2 is an admin, 3 and 9 are members, 4 is invited, 5 has asked, 6 was removed. */
const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...member(8), standing: "operator" } as Caller,
  owner: member(1),
  admin: member(2),
  member: member(3),
  invited: member(4),
  "has asked": member(5),
  removed: member(6),
  outsider: member(7),
  guest: guest(3),
  service: {
    kind: "service",
    user: person(3),
    scopes: ["rooms", "messages", "accounts", "keys", "audit", "chat"],
  },
  anonymous: ANONYMOUS,
  /** Of a direct conversation, where the verb is not for groups. */
  peer: member(1),
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const CHIEFS = ["owner", "admin"] as const;
const INSIDE = [...CHIEFS, "member", "peer"] as const;
/** In a direct conversation these are answered `conflict`: they may ask. */
const COMERS = ["operator", ...CHIEFS, "member", "invited", "has asked", "removed", "outsider"] as const;

const ROWS: Readonly<Record<ConversationVerb, Row<Name>>> = {
  open: { may: INSIDE },
  send: { may: INSIDE },
  edit: { may: ["member", "peer"] },
  recall: { may: ["operator", "operator on the bus", "owner", "admin", "member", "peer"] },
  read: { may: INSIDE },
  delivered: { may: ["peer"] },
  report: { may: [...INSIDE, "removed"] },
  typing: { may: INSIDE },
  settings: { may: INSIDE },
  block: { may: ["peer"] },
  since: { may: [...INSIDE, "invited", "has asked", "removed"] },
  history: { may: INSIDE },
  create: { may: COMERS.filter((name) => name === "owner") },
  preview: { may: [...COMERS, "operator on the bus"] },
  join: { may: COMERS.filter((name) => name !== "removed") },
  leave: { may: ["owner", "admin", "member", "invited", "has asked", "removed"] },
  invite: { may: ["owner", "admin", "member"] },
  approve: { may: CHIEFS },
  decline: { may: CHIEFS },
  remove: { may: [...CHIEFS, "operator", "operator on the bus"] },
  role: { may: ["owner"] },
  transfer: { may: ["owner"] },
  update: { may: CHIEFS },
  setAssistant: { may: CHIEFS },
  assist: { may: ["system"], unauthenticated: [] },
  heard: { may: ["system"], unauthenticated: [] },
  link: { may: CHIEFS },
  unlink: { may: CHIEFS },
  members: { may: [...CHIEFS, "member", "operator", "operator on the bus"] },
  membersAmong: { may: ["system"], unauthenticated: [] },
  sweep: { may: ["system"], unauthenticated: [] },
};

const user = person(9).id;
/** What member 3 said, or peer 1. */
const SAID = { group: 8, direct: 1 } as const;

type Attempt = (ref: Ref<ConversationVerbs>, said: number) => Promise<unknown>;
const CALLS: Readonly<Record<ConversationVerb, Attempt>> = {
  open: (ref) => ref.open({}),
  send: (ref) => ref.send({ id: "x", text: "hello" }),
  edit: (ref, seq) => ref.edit({ seq, text: "edited" }),
  recall: (ref, seq) => ref.recall({ seq }),
  read: (ref) => ref.read({ seq: 1 }),
  delivered: (ref) => ref.delivered({ seq: 1 }),
  report: (ref, seq) => ref.report({ seq, reason: "spam" }),
  typing: (ref) => ref.typing({}),
  settings: (ref) => ref.settings({ muted: true }),
  block: (ref) => ref.block({ blocked: true }),
  since: (ref) => ref.since({ limit: 10 }),
  history: (ref) => ref.history({ after: 0, limit: 10 }),
  create: (ref) => ref.create({ id: "group", title: "Mine" }),
  preview: (ref) => ref.preview({}),
  join: (ref) => ref.join({}),
  leave: (ref) => ref.leave({}),
  invite: (ref) => ref.invite({ users: [person(7).id] }),
  approve: (ref) => ref.approve({ user: person(5).id }),
  decline: (ref) => ref.decline({ user: person(5).id }),
  remove: (ref) => ref.remove({ user }),
  role: (ref) => ref.role({ user, role: "admin" }),
  transfer: (ref) => ref.transfer({ user }),
  update: (ref) => ref.update({ title: "Renamed" }),
  setAssistant: (ref) => ref.setAssistant({ assistant: { name: "Bot", instructions: "", enabled: true } }),
  assist: (ref) => ref.assist({ wake: true }),
  heard: (ref) => ref.heard({ kind: "refused", answer: user, reason: "internal" }),
  link: (ref) => ref.link({}),
  unlink: (ref) => ref.unlink({}),
  members: (ref) => ref.members({ state: "member", limit: 10 }),
  membersAmong: (ref) => ref.membersAmong({ users: [user] }),
  sweep: (ref) => ref.sweep({ now: 0, limit: 1 }),
};

async function prepare(stage: ConversationStage, process: ConversationProcess): Promise<void> {
  await stage.run(process.write(1, 2, "hello"));
  const id = await stage.run(process.found([2, 3, 6, 9]));
  const owner = process.at(id, member(1));
  await stage.run(owner.role({ user: person(2).id, role: "admin" }));
  await stage.run(owner.remove({ user: person(6).id }));
  await stage.run(process.say(id, 3, "hello"));
  await stage.run(owner.update({ join: "approval" }));
  await stage.run(process.at(id, member(5)).join({}));
  await stage.run(owner.update({ join: "open" }));
  await stage.run(owner.invite({ users: [person(4).id] }));
}

async function rows(stage: ConversationStage, id: string): Promise<unknown> {
  return await Promise.all(
    Array.from({ length: 9 }, (_, n) => stage.storage.memberships.read(id, person(n + 1).id)),
  );
}

async function open(): Promise<OpenActor<Name>> {
  const { stage, process } = await ConversationStage.withProcess();
  await prepare(stage, process);
  const ids = [direct(1, 2), group(1)];
  return {
    call(verb, name) {
      const isPeer = name === "peer";
      const ref = process.at(isPeer ? direct(1, 2) : group(1), CALLERS[name]);
      return stage.run(CALLS[verb as ConversationVerb](ref, isPeer ? SAID.direct : SAID.group));
    },
    state: () => Promise.all(ids.flatMap((id) => [stage.stored(id), rows(stage, id)])),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

const PARTS: Partial<Record<Name, Pick<MemberRecord, "role" | "state"> | "peer">> = {
  owner: { role: "owner", state: "member" },
  admin: { role: "admin", state: "member" },
  member: { role: "member", state: "member" },
  invited: { role: "member", state: "invited" },
  "has asked": { role: "member", state: "asked" },
  removed: { role: "member", state: "removed" },
  peer: "peer",
};

export const conversationTable: KindTable<Name> = {
  definition: conversationActor,
  callers: Object.keys(CALLERS) as Name[],
  roles: {
    known: CONVERSATION_ROLES,
    played: Object.entries<Caller>(CALLERS).flatMap(([name, caller]) => rolesOf(caller, PARTS[name as Name])),
  },
  rows: ROWS,
  open,
};
