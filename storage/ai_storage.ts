import type {
  AiFile,
  AiRequest,
  AiUsage,
  AnswerError,
  AnswerState,
  Band,
  Feature,
  FinishReason,
} from "protocol/ai.ts";
import type { User } from "protocol/users.ts";
import type { Write } from "./lane.ts";

/** One feature and model of a credential, with its own limits. */
export interface UseRecord {
  readonly feature: Feature;
  readonly model: string;
  /** The provider's own name of the model. */
  readonly upstreamModel: string;
  readonly inFlightMax: number;
  readonly startsPerSecond: number;
  /** Tokens of prompt and answer together. */
  readonly contextTokens: number;
}

export interface CredentialRecord {
  readonly id: string;
  readonly provider: string;
  readonly label: string;
  readonly baseUrl?: string;
  /** By field, base64 of nonce, text and tag: AES-256-GCM with the id and the field as associated data. */
  readonly sealed: Readonly<Record<string, string>>;
  /** Of the master key. */
  readonly keyVersion: number;
  readonly uses: readonly UseRecord[];
  readonly state: "enabled" | "disabled";
  /** The server brings it along; it lies nowhere and cannot be changed. */
  readonly builtIn?: true;
  readonly createdAt: number;
  readonly changedAt: number;
}

/** An empty `baseUrl` removes it. */
export type CredentialPatch = Partial<
  Omit<CredentialRecord, "id" | "provider" | "builtIn" | "createdAt">
>;

/** By operators only, one at a time; the last one wins. */
export interface CredentialStore {
  /** @throws {BarrageError} `conflict` when there are `max` of them. */
  create(credential: CredentialRecord, max: number): Promise<void>;
  /** False when there is none. */
  update(id: string, patch: CredentialPatch): Promise<boolean>;
  /**
   * Replaces what is sealed if it is still that of `from`, so that a secret that was changed meanwhile stays.
   * @returns False when it is not.
   */
  reseal(from: CredentialRecord, to: Pick<CredentialRecord, "sealed" | "keyVersion">): Promise<boolean>;
  delete(id: string): Promise<boolean>;
  read(id: string): Promise<CredentialRecord | undefined>;
  /** All of them, in the order of their ids. */
  list(): Promise<CredentialRecord[]>;
}

/** Seals secrets with master keys, and opens them. */
export interface SecretSeals {
  /** Of the master key that seals; null without any. */
  readonly keyVersion: number | null;
  /** @throws {BarrageError} `unavailable` without a master key. */
  seal(
    id: string,
    secret: Readonly<Record<string, string>>,
  ): Pick<CredentialRecord, "sealed" | "keyVersion">;
  /** @throws {BarrageError} `unavailable` when no master key opens it. */
  open(credential: Pick<CredentialRecord, "id" | "sealed" | "keyVersion">): Record<string, string>;
}

/** What a pool has learned of one credential. */
export interface UseState {
  readonly credential: string;
  readonly state: "ready" | "cooling" | "quota" | "forbidden" | "dead";
  /** Milliseconds since 1970; absent when it does not end by itself. */
  readonly until?: number;
  readonly learned: number;
  /** The provider's code, or the fault's kind. */
  readonly why?: string;
}

export interface LeaseRecord {
  readonly id: string;
  readonly credential: string;
  readonly answer: string;
  readonly user: string;
  readonly attempt: number;
  readonly digest?: string;
  readonly grantedAt: number;
  /** The process that makes the call, once it is known: a node's name, and which process of that name. */
  readonly runner?: { readonly id: string; readonly epoch: number };
}

export interface WaitingRecord {
  readonly answer: string;
  readonly user: string;
  readonly band: Band;
  readonly attempt: number;
  readonly exclude: readonly string[];
  readonly sticky?: string;
  readonly digest?: string;
  readonly until: number;
}

export interface StoredPool {
  /** No call that still counts can have begun: it is new, or its last owner left it so. */
  readonly resting: boolean;
  readonly leases: readonly LeaseRecord[];
  readonly states: readonly UseState[];
  /** Answers whose row says that they wait here, oldest first, at most `limit`. */
  readonly waiting: readonly WaitingRecord[];
}

export interface PoolStore {
  /**
   * Raises the fence to `epoch` (making the row when there is none), then reads.
   * @throws {FencedError} when a newer epoch owns the pool.
   */
  acquire(key: string, epoch: number, limit: number): Promise<StoredPool>;
  lend(key: string, leases: readonly LeaseRecord[]): Write;
  /** Who makes the call; harmless when the lease is over. */
  run(key: string, lease: string, runner: NonNullable<LeaseRecord["runner"]>): Write;
  giveBack(key: string, leases: readonly string[]): Write;
  /** Whoever lends takes the mark away in the same commit. */
  rest(key: string, resting: boolean): Write;
  remember(key: string, state: UseState): Write;
  /** The pool has no such use any more. */
  forget(key: string, credential: string): Write;
}

export interface AnswerRecord {
  readonly id: string;
  readonly askers: readonly User[];
  readonly thread?: string;
  readonly model: string;
  readonly request: AiRequest;
  readonly band: Band;
  readonly detached: boolean;
  readonly pool: string;
  readonly state: AnswerState;
  readonly attempt: number;
  readonly exclude: readonly string[];
  /** The credential that began the job, and what it needs to go on. */
  readonly job?: { readonly credential: string; readonly job: string };
  readonly digest?: string;
  readonly text: string;
  readonly files: readonly AiFile[];
  readonly reason?: FinishReason;
  readonly usage?: AiUsage;
  readonly error?: AnswerError;
  readonly askedAt: number;
  /** The end of all attempts together. */
  readonly until: number;
  readonly endedAt?: number;
}

/** One attempt's cost; the sum over an answer's attempts is what it cost. */
export interface UsageRecord {
  readonly answer: string;
  readonly attempt: number;
  readonly user: string;
  readonly credential: string;
  readonly feature: Feature;
  readonly model: string;
  readonly outcome: string;
  readonly usage: AiUsage;
  readonly at: number;
}

export type AnswerPatch = Partial<
  Pick<
    AnswerRecord,
    | "askers"
    | "request"
    | "state"
    | "attempt"
    | "exclude"
    | "job"
    | "text"
    | "files"
    | "reason"
    | "usage"
    | "error"
    | "endedAt"
  >
>;

/** How far a page of resealing got. */
export interface Resealed<P> {
  /** The last one looked at. */
  readonly last: P;
  readonly looked: number;
  readonly resealed: number;
}

/** Requests and texts are sealed with the keys of messages. */
export interface AnswerStore {
  /** Makes the row, for a unit whose fence is founding; the unit fails with `conflict` when the id is taken. */
  found(answer: AnswerRecord, epoch: number): Write;
  /**
   * Raises the fence to `epoch`, then reads.
   * @throws {FencedError} when a newer epoch owns the answer.
   */
  acquire(id: string, epoch: number): Promise<AnswerRecord | undefined>;
  read(id: string): Promise<AnswerRecord | undefined>;
  /** In the order asked for; those that are gone are missing. At most 500 ids. */
  readMany(ids: readonly string[]): Promise<AnswerRecord[]>;
  /**
   * What a user was the first to ask for and that stands in none of his threads, the oldest first, behind `after`.
   * `limit` 1-500.
   */
  outsideThreads(
    user: string,
    page: { readonly after?: Pick<AnswerRecord, "askedAt" | "id">; readonly limit: number },
  ): Promise<AnswerRecord[]>;
  /** Those of hundreds of answers cost as few statements as there are different sets of fields. */
  update(id: string, patch: AnswerPatch): Write;
  use(record: UsageRecord): Write;
  /** Somebody else has asked for it, too; again is harmless. Whoever it is stands in `askers` besides. */
  join(id: string, user: string): Write;
  /** At most `limit` answers under way that this user has asked for, as the first or later. */
  open(user: string, limit: number): Promise<string[]>;
  /** Seals anew what is not sealed with the newest key, as `MessageStore.reseal`; undefined when there are no more. */
  reseal(after: string | undefined, limit: number): Promise<Resealed<string> | undefined>;
  /** Removes at most `limit` that ended before `before` and stand in no thread, with their files; how many there were. */
  sweep(before: number, limit: number): Promise<number>;
}

export interface UsageSum {
  readonly credential: string;
  readonly feature: Feature;
  readonly model: string;
  readonly attempts: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export interface UsageStore {
  /**
   * Of one user since a time: how many answers he asked for first, and the tokens of all attempts; without those of
   * `besides`.
   */
  spent(
    user: string,
    since: number,
    besides?: readonly string[],
  ): Promise<{ readonly requests: number; readonly tokens: number }>;
  /** Sums of what ended at `from` or later and before `to`, for operators. */
  totals(range: { readonly from: number; readonly to: number }): Promise<UsageSum[]>;
  /** Removes at most `limit` records older than `before`; how many there were. */
  sweep(before: number, limit: number): Promise<number>;
}

/** What answers made: at most 32 MiB each. */
export interface FileStore {
  write(file: AiFile, answer: string, bytes: Uint8Array): Promise<void>;
  read(
    id: string,
  ): Promise<{ readonly file: AiFile; readonly answer: string; readonly bytes: Uint8Array } | undefined>;
}

export interface ThreadRecord {
  readonly id: string;
  readonly owner: User;
  readonly title: string;
  readonly model: string;
  readonly createdAt: number;
  /** When it was last asked in, or changed. */
  readonly changedAt: number;
}

export interface TurnRecord {
  /** 1, 2, 3, ... */
  readonly seq: number;
  readonly question: string;
  readonly answer: string;
  /** The `seq` of the turn that was asked instead of this one. */
  readonly replacedBy?: number;
  readonly at: number;
}

export interface StoredThread {
  readonly thread: ThreadRecord;
  /** The `seq` of the last turn; 0 when there is none. */
  readonly head: number;
}

/** Titles and questions are sealed with the keys of messages. */
export interface ThreadStore {
  /** As that of an answer. */
  found(thread: ThreadRecord, epoch: number): Write;
  /**
   * Raises the fence to `epoch`, then reads.
   * @throws {FencedError} when a newer epoch owns the thread.
   */
  acquire(id: string, epoch: number): Promise<StoredThread | undefined>;
  read(id: string): Promise<ThreadRecord | undefined>;
  /** The one changed last first; `before` is the last one of the page before. `limit` 1-500. */
  list(
    owner: string,
    page: { readonly before?: Pick<ThreadRecord, "changedAt" | "id">; readonly limit: number },
  ): Promise<ThreadRecord[]>;
  /** In ascending order: the first ones after `after`, or the last ones before `before`. `limit` 1-500. */
  turns(
    id: string,
    page: { readonly after: number; readonly limit: number } | {
      readonly before: number;
      readonly limit: number;
    },
  ): Promise<TurnRecord[]>;
  update(id: string, patch: Partial<Pick<ThreadRecord, "title" | "model" | "changedAt">>): Write;
  append(id: string, turns: readonly TurnRecord[]): Write;
  replace(id: string, seq: number, by: number): Write;
  /** Removes the thread and its turns, and those answers that were asked in it and have ended, with their files. */
  erase(id: string): Write;
  /** As that of answers: titles, */
  reseal(after: string | undefined, limit: number): Promise<Resealed<string> | undefined>;
  /** and questions. */
  resealTurns(
    after: { readonly thread: string; readonly seq: number } | undefined,
    limit: number,
  ): Promise<Resealed<{ readonly thread: string; readonly seq: number }> | undefined>;
  /** Removes at most `limit` that changed before `before` last, with their turns; how many there were. */
  sweep(before: number, limit: number): Promise<number>;
}

export interface RemovalStore {
  /**
   * Of users whose accounts were removed before `before`: at most `limit` threads with their turns, and answers that
   * have ended with their files; how many there were. An answer that others have asked for too becomes theirs; from one
   * that somebody else was the first to ask for they are only taken away.
   */
  sweep(before: number, limit: number): Promise<number>;
}
