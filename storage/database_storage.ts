import { sql } from "kysely";
import { Accounts } from "./accounts.ts";
import { AiFiles } from "./ai_files.ts";
import { AiRemovals } from "./ai_removals.ts";
import { AiUsages } from "./ai_usage.ts";
import { Answers } from "./answers.ts";
import { ApiKeys } from "./api_keys.ts";
import { Audit } from "./audit.ts";
import { type BodyCipher, PLAIN_BODIES } from "./body_cipher.ts";
import { GroupCommitLane, type LaneOptions } from "./commit_lane.ts";
import { CardChanges } from "./card_changes.ts";
import { Cards } from "./cards.ts";
import { Conversations } from "./conversations.ts";
import { Credentials } from "./credentials.ts";
import type { Engine } from "./engine.ts";
import { LastSeenTimes } from "./last_seen.ts";
import { Memberships } from "./memberships.ts";
import { Messages } from "./messages.ts";
import { OidcFlows } from "./oidc_flows.ts";
import { Ownership } from "./ownership.ts";
import { Pools } from "./pools.ts";
import { Reports } from "./reports.ts";
import { Revocations } from "./revocations.ts";
import { Rooms } from "./rooms.ts";
import { Sessions } from "./sessions.ts";
import type { Storage } from "./storage.ts";
import { Switches } from "./switches.ts";
import { Threads } from "./threads.ts";
import { TokenKeys } from "./token_keys.ts";
import { Timers } from "./timers.ts";

export interface DatabaseOptions {
  readonly lane?: LaneOptions | undefined;
  /** How messages, answers and threads lie in the database. @default {PLAIN_BODIES} */
  readonly bodies?: BodyCipher | undefined;
}

/** The stores and the lane over one database. */
export class DatabaseStorage implements Storage {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly revocations: Revocations;
  readonly apiKeys: ApiKeys;
  readonly oidcFlows: OidcFlows;
  readonly audit: Audit;
  readonly rooms: Rooms;
  readonly conversations: Conversations;
  readonly memberships: Memberships;
  readonly messages: Messages;
  readonly reports: Reports;
  readonly lastSeen: LastSeenTimes;
  readonly aiPools: Pools;
  readonly answers: Answers;
  readonly credentials: Credentials;
  readonly aiUsage: AiUsages;
  readonly aiFiles: AiFiles;
  readonly threads: Threads;
  readonly aiRemovals: AiRemovals;
  readonly cards: Cards;
  readonly changes: CardChanges;
  readonly switches: Switches;
  readonly timers: Timers;
  readonly ownership: Ownership;
  readonly tokenKeys: TokenKeys;
  readonly lane: GroupCommitLane;
  readonly #engine: Engine;
  readonly #owned: AsyncDisposable;

  /** `owned` is disposed last: the engine, and what it rests on. */
  constructor(engine: Engine, owned: AsyncDisposable, { lane, bodies = PLAIN_BODIES }: DatabaseOptions = {}) {
    this.#engine = engine;
    this.#owned = owned;
    this.changes = new CardChanges(engine);
    this.cards = new Cards(engine);
    this.accounts = new Accounts(engine, this.changes);
    this.sessions = new Sessions(engine);
    this.revocations = new Revocations(engine);
    this.apiKeys = new ApiKeys(engine);
    this.oidcFlows = new OidcFlows(engine);
    this.audit = new Audit(engine);
    this.rooms = new Rooms(engine.db, this.changes);
    this.conversations = new Conversations(engine);
    this.memberships = new Memberships(engine);
    this.messages = new Messages(engine, bodies);
    this.reports = new Reports(engine, bodies);
    this.lastSeen = new LastSeenTimes(engine);
    this.aiPools = new Pools(engine);
    this.answers = new Answers(engine, bodies);
    this.credentials = new Credentials(engine);
    this.aiUsage = new AiUsages(engine);
    this.aiFiles = new AiFiles(engine);
    this.threads = new Threads(engine, bodies);
    this.aiRemovals = new AiRemovals(engine);
    this.switches = new Switches(engine);
    this.timers = new Timers(engine);
    this.ownership = new Ownership(engine);
    this.tokenKeys = new TokenKeys(engine);
    this.lane = new GroupCommitLane(engine, lane);
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#engine.db);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.lane[Symbol.asyncDispose]();
    } finally {
      await this.#owned[Symbol.asyncDispose]();
    }
  }
}
