import type { Reason } from "protocol/errors.ts";
import type { Row } from "./kind_table.ts";
import { CALLERS, type Name, PASSWORD } from "./site.ts";

export interface RouteRow extends Row<Name> {
  readonly body?: unknown;
  /** What is asked for behind the path. */
  readonly query?: string;
  /** Whoever has done it is signed out, or not the same any more: tried by somebody new. */
  readonly lastAct?: true;
  /** What those are told who may: what they name is not there. */
  readonly missing?: Reason;
}

const EVERYONE: Row<Name> = { may: CALLERS };
const PEOPLE: readonly Name[] = ["member", "owner", "moderator", "operator"];
const USERS: readonly Name[] = ["guest", ...PEOPLE];
const ACCOUNTS: Row<Name> = { may: PEOPLE };
const CHIEFS: Row<Name> = { may: ["owner", "operator", "key for rooms"] };
const MODERATORS: Row<Name> = { may: [...CHIEFS.may, "moderator"] };
const OPERATORS: Row<Name> = { may: ["operator", "key for accounts"] };
const AUDITORS: Row<Name> = { may: ["operator", "key for audit"] };
/** In the group: the owner, the moderator as its admin, and the member. */
const INSIDE: Row<Name> = { may: ["owner", "moderator", "member"] };
const GROUP_CHIEFS: Row<Name> = { may: ["owner", "moderator"] };
const REPORT_READERS: Row<Name> = { may: ["operator", "key for chat"] };
const AI_KEEPERS: Row<Name> = { may: ["operator", "key for ai_keys"] };
const ASKERS: Row<Name> = { may: [...PEOPLE, "key for ai"] };
/** Of the owner's answer, and of his thread. */
const READERS: Row<Name> = { may: ["owner", "operator"] };
const OWNER: Row<Name> = { may: ["owner"] };
const SIGNED_IN: Row<Name> = { may: CALLERS.filter((name) => name !== "anonymous") };
const SWITCHERS: Row<Name> = { may: ["operator", "key for switches"] };
const KEEPERS: Row<Name> = { may: ["operator", "key for keys"] };

/** Who sends these is found out by what they send, or does not matter. */
export const OPEN: readonly string[] = [
  "get /.well-known/jwks.json",
  "get /healthz",
  "get /readyz",
  "post /v1/guests",
  "post /v1/accounts",
  "post /v1/login",
  "post /v1/refresh",
  "post /v1/logout",
  "post /v1/password-resets",
  "post /v1/password-resets/confirm",
  "get /v1/oidc",
  "get /v1/oidc/{provider}/start",
  "post /v1/oidc/{provider}/start",
  "get /v1/oidc/{provider}/callback",
];

export const ROUTES: Readonly<Record<string, RouteRow>> = {
  "get /v1/account": ACCOUNTS,
  "patch /v1/account": { ...ACCOUNTS, body: { bio: "Here" } },
  "delete /v1/account": { ...ACCOUNTS, lastAct: true },
  "post /v1/account/confirm": { ...ACCOUNTS, body: { password: PASSWORD } },
  "post /v1/account/password": {
    ...{ ...ACCOUNTS, lastAct: true },
    body: { current: PASSWORD, password: `${PASSWORD}!` },
  },
  "delete /v1/account/identities/{provider}": ACCOUNTS,
  "get /v1/account/events": ACCOUNTS,
  "get /v1/account/export": ACCOUNTS,
  "post /v1/account/contacts/confirm": { ...ACCOUNTS, body: { code: "12345678" }, missing: "gone" },
  "post /v1/account/contacts": { ...ACCOUNTS, body: { kind: "email", address: "somebody@example.org" } },
  "delete /v1/account/contacts/{kind}/{address}": ACCOUNTS,
  "get /v1/users/{user}": EVERYONE,
  "get /v1/sessions": ACCOUNTS,
  "delete /v1/sessions": ACCOUNTS,
  "delete /v1/sessions/{session}": { ...ACCOUNTS, missing: "not_found" },

  "get /v1/accounts": OPERATORS,
  "get /v1/accounts/{account}": OPERATORS,
  "patch /v1/accounts/{account}": { ...OPERATORS, body: { role: "user" } },
  "delete /v1/accounts/{account}": OPERATORS,
  "get /v1/accounts/{account}/sessions": OPERATORS,
  "delete /v1/accounts/{account}/sessions": OPERATORS,

  "post /v1/api-keys": { ...KEEPERS, body: { name: "Bot", scopes: ["keys"] } },
  "get /v1/audit": AUDITORS,
  "get /v1/reports": REPORT_READERS,
  "patch /v1/reports/{report}": { ...REPORT_READERS, body: { outcome: "upheld" }, missing: "not_found" },
  "post /v1/messages/reseal": { ...REPORT_READERS, body: {} },
  "get /v1/api-keys": KEEPERS,
  "delete /v1/api-keys/{key}": KEEPERS,

  "get /v1/ai/providers": AI_KEEPERS,
  "get /v1/ai/usage": AI_KEEPERS,
  "get /v1/ai/keys": AI_KEEPERS,
  "post /v1/ai/keys": {
    ...AI_KEEPERS,
    body: { provider: "echo", label: "Echo", uses: [{ feature: "text", model: "echo-too" }] },
  },
  "post /v1/ai/keys/reseal": { ...AI_KEEPERS, body: {} },
  "get /v1/ai/keys/{aiKey}": AI_KEEPERS,
  "patch /v1/ai/keys/{aiKey}": { ...AI_KEEPERS, body: { state: "disabled" } },
  "delete /v1/ai/keys/{aiKey}": AI_KEEPERS,
  "post /v1/ai/keys/{aiKey}/rotate": { ...AI_KEEPERS, body: { secret: {} } },
  "post /v1/ai/keys/{aiKey}/test": { ...AI_KEEPERS, body: {} },

  "post /v1/ai/answers": { ...ASKERS, body: { model: "echo", text: "hello" } },
  "get /v1/ai/answers/{answer}": READERS,
  "delete /v1/ai/answers/{answer}": READERS,
  "get /v1/ai/answers/{answer}/events": READERS,
  "get /v1/ai/models": SIGNED_IN,
  "get /v1/ai/threads": SIGNED_IN,
  "get /v1/ai/threads/{thread}": OWNER,
  "delete /v1/ai/threads/{thread}": OWNER,
  "get /v1/ai/files/{file}": { ...SIGNED_IN, missing: "not_found" },
  "post /v1/chat/completions": {
    ...ASKERS,
    body: { model: "echo", messages: [{ role: "user", content: "hello" }] },
  },
  "post /v1/images/generations": { ...ASKERS, body: { model: "echo", prompt: "A wave" } },
  "get /v1/models": SIGNED_IN,
  "get /v1/models/{model}": SIGNED_IN,

  "post /v1/rooms": { may: [...USERS, "key for rooms"], body: { title: "Mine" } },
  "get /v1/rooms": EVERYONE,
  "get /v1/rooms/{room}": EVERYONE,
  "patch /v1/rooms/{room}": { ...CHIEFS, body: { title: "Renamed" } },
  "delete /v1/rooms/{room}": CHIEFS,
  "get /v1/rooms/{room}/assistant": { ...MODERATORS, missing: "not_found" },
  "put /v1/rooms/{room}/assistant": { ...CHIEFS, body: { name: "Bot", model: "echo" } },
  "delete /v1/rooms/{room}/assistant": MODERATORS,
  "put /v1/rooms/{room}/moderators/{user}": CHIEFS,
  "delete /v1/rooms/{room}/moderators/{user}": CHIEFS,
  "get /v1/rooms/{room}/mutes": MODERATORS,
  "put /v1/rooms/{room}/mutes/{user}": { ...MODERATORS, body: { forMs: 1_000 } },
  "delete /v1/rooms/{room}/mutes/{user}": MODERATORS,
  "post /v1/rooms/{room}/messages": { may: [...USERS, "key for messages"], body: { text: "hello" } },
  "get /v1/rooms/{room}/messages": EVERYONE,
  "get /v1/rooms/{room}/events": EVERYONE,

  "get /v1/conversations": ACCOUNTS,
  "post /v1/conversations/{conversation}/messages": { ...INSIDE, body: { text: "hello" } },
  "get /v1/conversations/{conversation}/messages": INSIDE,
  "get /v1/groups": { ...ACCOUNTS, query: "?title=Group" },
  "get /v1/hot-cards": AUDITORS,
  "get /v1/switches": SWITCHERS,
  "put /v1/switches/{switch}": { ...SWITCHERS, body: {} },
  "delete /v1/switches/{switch}": SWITCHERS,
  "get /v1/users": { ...ACCOUNTS, query: "?login=somebody" },
};

/** On a socket nobody is anonymous for longer than it takes to say hello. */
const GREETED = SIGNED_IN;

export const OPEN_METHODS: readonly string[] = ["session.hello", "session.ping", "session.renew"];

export interface MethodRow extends Row<Name> {
  readonly params?: object;
  /** What some of those who may are told: what they ask for cannot be. */
  readonly missing?: Reason;
}

export const METHOD_ROWS: Readonly<Record<string, MethodRow>> = {
  "room.join": GREETED,
  "room.leave": GREETED,
  "room.pause": GREETED,
  "room.unpause": GREETED,
  "room.say": { may: [...USERS, "key for messages"], params: { text: "hello" } },
  "room.mute": { ...MODERATORS, params: { forMs: 1_000 } },
  "room.unmute": MODERATORS,
};

/** Of the owner's answer and thread. */
export const AI_ROWS: Readonly<Record<string, MethodRow>> = {
  "ai.ask": { ...ASKERS, params: { model: "echo", text: "hello" } },
  "ai.follow": READERS,
  "ai.unfollow": GREETED,
  "ai.cancel": READERS,
  "ai.models": GREETED,
  "ai.threads": GREETED,
  "ai.thread": OWNER,
  "ai.forget": OWNER,
};

const ACCOUNT: Row<Name> = { may: PEOPLE };
/** Of the group; what the member has said in it is at `said`. */
export const CHAT_ROWS: Readonly<Record<string, MethodRow>> = {
  "chat.sync": { ...ACCOUNT, params: { since: {} } },
  "chat.presence": { ...ACCOUNT, params: { users: [] } },
  "chat.find": { ...ACCOUNT, params: { title: "Group" } },
  "chat.create": { ...ACCOUNT, params: { id: "mine", title: "Mine" } },
  "chat.open": INSIDE,
  "chat.send": { ...INSIDE, params: { id: "hello", text: "hello" } },
  "chat.edit": { may: ["member"], params: { text: "edited" } },
  "chat.recall": { may: [...INSIDE.may, "operator"] },
  "chat.read": { ...INSIDE, params: { seq: 1 } },
  "chat.delivered": { may: [], params: { seq: 1 } },
  "chat.report": { may: INSIDE.may, params: { reason: "spam" }, missing: "conflict" },
  "chat.typing": INSIDE,
  "chat.history": { ...INSIDE, params: { after: 0 } },
  "chat.settings": { ...INSIDE, params: { muted: true } },
  "chat.block": { ...ACCOUNT, params: { blocked: true } },
  "chat.preview": ACCOUNT,
  "chat.join": ACCOUNT,
  "chat.leave": { ...INSIDE, missing: "conflict" },
  "chat.invite": INSIDE,
  "chat.approve": { ...GROUP_CHIEFS, missing: "not_found" },
  "chat.decline": GROUP_CHIEFS,
  "chat.remove": { may: [...GROUP_CHIEFS.may, "operator"], missing: "not_found" },
  "chat.role": { may: ["owner"], params: { role: "admin" }, missing: "not_found" },
  "chat.transfer": { may: ["owner"], missing: "not_found" },
  "chat.update": { ...GROUP_CHIEFS, params: { title: "Renamed" } },
  "chat.assistant": { ...GROUP_CHIEFS, params: { assistant: { name: "Bot", model: "echo" } } },
  "chat.link": GROUP_CHIEFS,
  "chat.unlink": GROUP_CHIEFS,
  "chat.members": { may: [...INSIDE.may, "operator"] },
};
