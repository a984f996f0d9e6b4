import type { AnswerState, Band, Feature, FinishReason } from "protocol/ai.ts";
import type { Selectable } from "kysely";

/** Tables of pools, answers and threads; they follow the rules of schema.ts. */
export interface AiDatabase {
  pool: PoolTable;
  lease: LeaseTable;
  pool_use_state: PoolUseStateTable;
  credential: CredentialTable;
  answer: AnswerTable;
  answer_asker: AnswerAskerTable;
  answer_usage: AnswerUsageTable;
  ai_file: AiFileTable;
  thread: ThreadTable;
  thread_turn: ThreadTurnTable;
  ai_removal: AiRemovalTable;
}

interface PoolTable {
  id: string;
  owner_epoch: number;
  /** 1 while nothing has been lent since its last owner left with every start back. */
  resting: number;
}

interface LeaseTable {
  id: string;
  pool_id: string;
  credential_id: string;
  answer_id: string;
  user_id: string;
  attempt: number;
  digest: string | null;
  granted_at: number;
  runner_id: string | null;
  runner_epoch: number | null;
}

interface PoolUseStateTable {
  pool_id: string;
  credential_id: string;
  state: "ready" | "cooling" | "quota" | "forbidden" | "dead";
  until: number | null;
  learned: number;
  why: string | null;
}

interface CredentialTable {
  id: string;
  provider: string;
  label: string;
  base_url: string | null;
  /** JSON: what is sealed, by field. */
  sealed: string;
  key_version: number;
  /** JSON. */
  uses: string;
  state: "enabled" | "disabled";
  created_at: number;
  changed_at: number;
}

interface AnswerTable {
  id: string;
  owner_epoch: number;
  pool_id: string;
  /** Who asked first. */
  user_id: string;
  /** JSON list of {id, name}. */
  askers: string;
  thread_id: string | null;
  model: string;
  feature: Feature;
  /** JSON, sealed as messages are. */
  request: string;
  request_key: number | null;
  band: Band;
  /** 0 or 1. */
  detached: number;
  state: AnswerState;
  attempt: number;
  /** JSON list of ids. */
  exclude: string;
  job_credential: string | null;
  job: string | null;
  digest: string | null;
  /** JSON string, sealed as messages are. */
  text: string;
  text_key: number | null;
  /** JSON list. */
  files: string;
  reason: FinishReason | null;
  /** JSON, as the next one. */
  usage: string | null;
  error: string | null;
  asked_at: number;
  until: number;
  ended_at: number | null;
}

/** Who has joined it later. */
interface AnswerAskerTable {
  user_id: string;
  answer_id: string;
}

interface AnswerUsageTable {
  answer_id: string;
  attempt: number;
  user_id: string;
  credential_id: string;
  feature: Feature;
  model: string;
  outcome: string;
  prompt_tokens: number;
  completion_tokens: number;
  /** 0 or 1. */
  estimated: number;
  at: number;
}

interface AiFileTable {
  id: string;
  answer_id: string;
  type: string;
  name: string;
  content: Uint8Array;
}

interface ThreadTable {
  id: string;
  owner_epoch: number;
  owner_id: string;
  owner_name: string;
  /** JSON string, sealed as messages are. */
  title: string;
  title_key: number | null;
  model: string;
  created_at: number;
  changed_at: number;
}

interface ThreadTurnTable {
  thread_id: string;
  seq: number;
  /** JSON string, sealed as messages are. */
  question: string;
  question_key: number | null;
  answer_id: string;
  replaced_by: number | null;
  at: number;
}

/** Whose account was removed, until nothing of theirs is left. */
interface AiRemovalTable {
  user_id: string;
  at: number;
}

export type LeaseRow = Selectable<LeaseTable>;
export type PoolUseStateRow = Selectable<PoolUseStateTable>;
export type CredentialRow = Selectable<CredentialTable>;
export type AnswerRow = Selectable<AnswerTable>;
export type AnswerUsageRow = Selectable<AnswerUsageTable>;
export type ThreadRow = Selectable<ThreadTable>;
export type ThreadTurnRow = Selectable<ThreadTurnTable>;
