import type { Generated, Selectable } from "kysely";
import type { AiDatabase } from "./ai_schema.ts";

/** The tables. Times are milliseconds since 1970; every integer stays inside 2^53. */
export interface Database extends AiDatabase {
  node: NodeTable;
  shard: ShardTable;
  room: RoomTable;
  room_item: RoomItemTable;
  timer: TimerTable;
  token_key: TokenKeyTable;
  account: AccountTable;
  account_identity: AccountIdentityTable;
  account_contact: AccountContactTable;
  login_session: LoginSessionTable;
  one_time_code: OneTimeCodeTable;
  revocation: RevocationTable;
  revocation_head: RevocationHeadTable;
  api_key: ApiKeyTable;
  oidc_flow: OidcFlowTable;
  audit: AuditTable;
  conversation: ConversationTable;
  conversation_member: ConversationMemberTable;
  conversation_message: ConversationMessageTable;
  conversation_mention: ConversationMentionTable;
  message_report: MessageReportTable;
  last_seen: LastSeenTable;
  card_change: CardChangeTable;
  switch: SwitchTable;
}

interface NodeTable {
  id: string;
  epoch: number;
  address: string;
  version: string;
  /** 0 or 1. */
  draining: number;
  expires_at: number;
}

interface ShardTable {
  n: number;
  owner: string | null;
  owner_epoch: number;
  epoch: number;
}

interface RoomTable {
  id: string;
  owner_epoch: number;
  title: string;
  owner_id: string;
  owner_name: string;
  state: "live" | "ended" | "deleted";
  /** JSON. */
  settings: string;
  /** JSON list of user ids. */
  moderators: string;
  /** JSON list of {user, until}. */
  mutes: string;
  /** JSON; null for none. */
  assistant: string | null;
  /** Of what others see of it. */
  version: Generated<number>;
  created_at: number;
  ended_at: number | null;
  head: number;
  total: number;
}

interface RoomItemTable {
  room_id: string;
  offset: number;
  kind: string;
  total: number;
  at: number;
  /** JSON of the item as it goes over the wire. */
  body: string;
  /** JSON of the [user, client id] pairs; null when nobody chose an id. */
  said: string | null;
}

interface TimerTable {
  kind: string;
  key: string;
  name: string;
  generation: number;
  shard: number;
  due_at: number;
  verb: string;
  /** JSON. */
  input: string;
}

interface TokenKeyTable {
  kid: string;
  /** JSON Web Key, the public half. */
  public_key: string;
  expires_at: number;
}

interface AccountTable {
  id: string;
  owner_epoch: number;
  login: string;
  name: string;
  avatar_url: string | null;
  bio: string;
  /** JSON. */
  privacy: string;
  role: "user" | "operator";
  state: "active" | "removed";
  password: string | null;
  created_at: number;
  /** Of what others see of it. */
  version: Generated<number>;
}

interface AccountIdentityTable {
  issuer: string;
  subject: string;
  provider: string;
  account_id: string;
  linked_at: number;
}

interface AccountContactTable {
  kind: "email" | "phone";
  address: string;
  account_id: string;
}

interface LoginSessionTable {
  id: string;
  account_id: string;
  device: string;
  device_hash: string;
  address: string;
  region: string | null;
  created_at: number;
  used_at: number;
  ends_at: number;
  confirmed_at: number;
  refresh_hash: string;
  refreshed_at: number;
  previous_hash: string | null;
  previous_salt: string | null;
}

interface OneTimeCodeTable {
  account_id: string;
  purpose: "contact" | "reset";
  kind: "email" | "phone";
  address: string;
  code_hash: string;
  expires_at: number;
  tries_left: number;
}

interface RevocationTable {
  id: string;
  until: number;
  /** Null until somebody reads it. */
  n: number | null;
}

/** One row: the greatest `n` ever given to a revocation. */
interface RevocationHeadTable {
  n: number;
}

interface ApiKeyTable {
  id: string;
  name: string;
  /** JSON. */
  scopes: string;
  hash: string;
  created_by: string;
  created_at: number;
  expires_at: number;
  revoked_at: number | null;
}

interface OidcFlowTable {
  state_hash: string;
  provider: string;
  browser_hash: string;
  /** JSON. */
  purpose: string;
  return_to: string;
  started_at: number;
  expires_at: number;
}

interface AuditTable {
  id: string;
  at: number;
  event: string;
  subject: string;
  actor: string;
  address: string | null;
  device: string | null;
  /** JSON. */
  detail: string | null;
}

interface ConversationTable {
  id: string;
  owner_epoch: number;
  kind: "direct" | "group";
  created_at: number;
  /** This and what follows: of groups only. */
  number: string | null;
  /** The title as it is looked for, in UTF-8; null when the group is not to be found. */
  title_key: Uint8Array | null;
  /** JSON. */
  settings: string | null;
  link: string | null;
  /** JSON; null for none. */
  assistant: string | null;
  /** JSON list of what the assistant has been asked and is to answer; null for nothing. */
  questions: string | null;
  /** Of the two kinds: the first message that is kept, and the version at which those before it went. */
  first_seq: number;
  swept_version: number;
  /** No message that is kept, or still to come, is older. */
  oldest_at: number;
  /** Its own, if shorter than the server's; null for none. */
  retention_days: number | null;
  /** When something of it is over by that; null without. */
  expires_at: number | null;
}

interface ConversationMemberTable {
  conversation_id: string;
  user_id: string;
  name: string;
  state: "member" | "invited" | "asked" | "left" | "removed";
  role: "owner" | "admin" | "member";
  visible_from: number;
  left_seq: number | null;
  read_seq: number;
  /** How far a device of theirs has it; in direct conversations only. */
  delivered_seq: number;
  version: number;
  /** 0 or 1, as the next three. */
  muted: number;
  pinned: number;
  archived: number;
  blocked: number;
}

interface ConversationMessageTable {
  conversation_id: string;
  seq: number;
  /** When it was added. */
  version: number;
  /** When it was edited or recalled last. */
  changed: number | null;
  id: string;
  /** Of a `swept` one nothing is left but who sent it when, under which id. */
  kind: "sent" | "recalled" | "change" | "swept";
  sender_id: string;
  sender_name: string;
  client_id: string | null;
  at: number;
  /** JSON of what only its kind has; sealed when there is a key version. */
  body: string;
  key_version: number | null;
}

interface ConversationMentionTable {
  conversation_id: string;
  user_id: string;
  seq: number;
}

interface MessageReportTable {
  id: string;
  at: number;
  state: "open" | "settled";
  reason: string;
  reporter_id: string;
  reporter_name: string;
  conversation_id: string;
  seq: number;
  sender_id: string;
  sender_name: string;
  /** JSON of the message as it stood, and the note; sealed as the message itself. */
  body: string;
  key_version: number | null;
  settled_at: number | null;
  settled_by: string | null;
  outcome: string | null;
}

/** Changes of cards that are still to be told. */
interface CardChangeTable {
  entity: "user" | "room";
  id: string;
  version: number;
  at: number;
}

interface SwitchTable {
  name: string;
  version: number;
  /** 0 or 1. */
  on: number;
  set_by: string;
  set_at: number;
  /** Null for one that stays. */
  ends_at: number | null;
}

interface LastSeenTable {
  user_id: string;
  at: number;
}

export type NodeRow = Selectable<NodeTable>;
export type ShardRow = Selectable<ShardTable>;
export type RoomRow = Selectable<RoomTable>;
export type RoomItemRow = Selectable<RoomItemTable>;
export type TimerRow = Selectable<TimerTable>;
export type AccountRow = Selectable<AccountTable>;
export type AccountIdentityRow = Selectable<AccountIdentityTable>;
export type LoginSessionRow = Selectable<LoginSessionTable>;
export type OneTimeCodeRow = Selectable<OneTimeCodeTable>;
export type ApiKeyRow = Selectable<ApiKeyTable>;
export type OidcFlowRow = Selectable<OidcFlowTable>;
export type AuditRow = Selectable<AuditTable>;
export type ConversationRow = Selectable<ConversationTable>;
export type MemberRow = Selectable<ConversationMemberTable>;
export type MessageReportRow = Selectable<MessageReportTable>;
export type MessageRow = Selectable<ConversationMessageTable>;
