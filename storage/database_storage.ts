import { sql } from "kysely";
import { Accounts } from "./accounts.ts";
import { ApiKeys } from "./api_keys.ts";
import { Audit } from "./audit.ts";
import { type BodyCipher, PLAIN_BODIES } from "./body_cipher.ts";
import { GroupCommitLane, type LaneOptions } from "./commit_lane.ts";
import { Conversations } from "./conversations.ts";
import type { Engine } from "./engine.ts";
import { Memberships } from "./memberships.ts";
import { Messages } from "./messages.ts";
import { OidcFlows } from "./oidc_flows.ts";
import { Ownership } from "./ownership.ts";
import { Revocations } from "./revocations.ts";
import { Rooms } from "./rooms.ts";
import { Sessions } from "./sessions.ts";
import type { Storage } from "./storage.ts";
import { TokenKeys } from "./token_keys.ts";
import { Timers } from "./timers.ts";

export interface DatabaseOptions {
  readonly lane?: LaneOptions | undefined;
  /** How the bodies of messages lie in the database. @default {PLAIN_BODIES} */
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
    this.accounts = new Accounts(engine);
    this.sessions = new Sessions(engine);
    this.revocations = new Revocations(engine);
    this.apiKeys = new ApiKeys(engine);
    this.oidcFlows = new OidcFlows(engine);
    this.audit = new Audit(engine);
    this.rooms = new Rooms(engine.db);
    this.conversations = new Conversations(engine);
    this.memberships = new Memberships(engine);
    this.messages = new Messages(engine, bodies);
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
