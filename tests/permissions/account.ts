import { accountActor, type AccountVerb, type AccountVerbs } from "actors/account/definition.ts";
import { MAY, roleOf } from "actors/account/permissions.ts";
import { ANONYMOUS, type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Ref } from "actors/runtime/ref.ts";
import { digest } from "routes/refresh_tokens.ts";
import { AccountStage, ALICE, arrival, member, PASSWORD } from "tests/support/account_stage.ts";
import { guest, person, ulid, viewer } from "tests/support/room_stage.ts";
import type { KindTable, OpenActor, Row } from "./kind_table.ts";

const SESSION = ulid(51);
const NEW_PASSWORD = "$argon2id$v=19$m=19456,t=2,p=1$bmV3$bmV3";
const CONTACT = { kind: "email", address: "alice@example.org" } as const;
const IDENTITY = { provider: "corp", issuer: "https://id.example.org", subject: "1" };

const CALLERS = {
  system: SYSTEM,
  "operator on the bus": { kind: "operator", name: "Olga" },
  operator: { ...viewer(4), standing: "operator" } as Caller,
  self: member(SESSION),
  "self, signed out": member(ulid(52)),
  member: viewer(5),
  /** Who becomes this account. */
  guest: { ...guest(2), user: { id: ALICE, name: "Alice" } } as Caller,
  "service for accounts": { kind: "service", user: person(3), scopes: ["accounts"] },
  "service for nothing here": {
    kind: "service",
    user: person(3),
    scopes: ["rooms", "messages", "keys", "audit"],
  },
  anonymous: ANONYMOUS,
} satisfies Readonly<Record<string, Caller>>;
type Name = keyof typeof CALLERS;

const NAMES = Object.keys(CALLERS) as Name[];
const CHIEFS: readonly Name[] = ["operator on the bus", "operator", "service for accounts"];

/** The account itself, and others; once it is signed out it is asked to sign in. */
function selfAnd(...others: readonly Name[]): Row<Name> {
  const unauthenticated: Name[] = ["anonymous", "self, signed out"];
  return { may: ["self", ...others], unauthenticated };
}

const ROWS: Readonly<Record<AccountVerb, Row<Name>>> = {
  create: { may: ["guest", "anonymous"] },
  signIn: { may: ["anonymous"] },
  refresh: { may: ["anonymous"] },
  signOut: selfAnd("anonymous", ...CHIEFS),
  sessions: selfAnd(...CHIEFS),
  confirm: selfAnd(),
  assertConfirmed: selfAnd(),
  profile: selfAnd(...NAMES.filter((name) => name !== "self, signed out")),
  read: selfAnd(...CHIEFS),
  update: selfAnd("operator on the bus", "operator"),
  setPassword: selfAnd(),
  resetPassword: { may: ["anonymous"] },
  sendCode: selfAnd("anonymous"),
  addContact: selfAnd(),
  removeContact: selfAnd(),
  link: selfAnd(),
  unlink: selfAnd(),
  setRole: { may: CHIEFS },
  remove: selfAnd(...CHIEFS),
};

const proof = { by: "password", hash: PASSWORD } as const;
const codeHash = digest("111111");

const CALLS: Readonly<
  Record<AccountVerb, (account: Ref<AccountVerbs>, name: Name) => Promise<unknown>>
> = {
  create: (account) => account.create({ login: "alice", name: "Alice", password: PASSWORD }),
  signIn: (account) =>
    account.signIn({ proof, session: ulid(53), refreshHash: digest("x"), arrival: arrival() }),
  refresh: (account) =>
    account.refresh({
      session: SESSION,
      presentedHash: digest("token 51"),
      salt: digest("salt"),
      nextHash: digest("next"),
      arrival: arrival(),
    }),
  signOut: (account, name) =>
    account.signOut(
      name === "anonymous"
        ? {
          which: "presented",
          session: SESSION,
          refreshHash: digest("token 51"),
          deviceHash: digest("laptop"),
        }
        : { which: "all" },
    ),
  sessions: (account) => account.sessions({}),
  confirm: (account) => account.confirm({ session: SESSION, proof }),
  assertConfirmed: (account) => account.assertConfirmed({}),
  profile: (account) => account.profile({}),
  read: (account) => account.read({}),
  update: (account) => account.update({ bio: "changed" }),
  setPassword: (account) => account.setPassword({ hash: NEW_PASSWORD }),
  resetPassword: (account) =>
    account.resetPassword({
      hash: NEW_PASSWORD,
      codeHash,
      from: { address: "203.0.113.7", device: "Firefox" },
    }),
  sendCode: (account, name) =>
    account.sendCode({ purpose: name === "anonymous" ? "reset" : "contact", ...CONTACT, codeHash }),
  addContact: (account) => account.addContact({ codeHash }),
  removeContact: (account) => account.removeContact(CONTACT),
  link: (account) => account.link({ identity: IDENTITY }),
  unlink: (account) => account.unlink({ provider: "corp" }),
  setRole: (account) => account.setRole({ role: "operator" }),
  remove: (account) => account.remove({}),
};

async function open(): Promise<OpenActor<Name>> {
  const { stage, process } = await AccountStage.withAlice();
  await process.signIn(51);
  const { accounts, sessions } = stage.storage;
  return {
    call: (verb, name) => CALLS[verb as AccountVerb](process.account(CALLERS[name]), name),
    state: async () => [
      await accounts.read(ALICE),
      await sessions.of(ALICE),
      await sessions.codes(ALICE),
    ],
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

export const accountTable: KindTable<Name> = {
  definition: accountActor,
  callers: NAMES,
  roles: {
    known: [...new Set(Object.values(MAY).flat())],
    played: Object.values<Caller>(CALLERS).map((caller) => roleOf(caller, ALICE)),
  },
  rows: ROWS,
  open,
};
