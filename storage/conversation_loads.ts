import { setImmediate } from "node:timers/promises";
import { type RawBuilder, sql } from "kysely";
import type { Engine } from "./engine.ts";
import { FencedError } from "./lane.ts";
import type { ConversationRow, MemberRow } from "./schema.ts";

/** What of a conversation is read when it comes into memory, under its new fence. */
export interface LoadedConversation {
  readonly row: ConversationRow;
  /** Who is in it, or on the way in. */
  readonly members: readonly MemberRow[];
  readonly newest: Newest;
}

/** Of the last message, and of the last change of any message and of any member. */
interface Newest {
  readonly seq: number | null;
  readonly version: number | null;
  readonly changed: number | null;
  readonly member: number | null;
}

interface Load {
  readonly id: string;
  readonly epoch: number;
  resolve(loaded: LoadedConversation | undefined): void;
  reject(error: unknown): void;
}

/** Most in one statement: each of them may have thousands of members, and an embedded database answers in one piece. */
const AT_ONCE = 16;

/**
 * Reads conversations that come into memory. Whoever comes back after a restart wakes all of his, and one by one each
 * costs several statements: those of one moment go into a few. Where rows are locked each fence is raised alone, as
 * several at once could stand in a circle with the commit lanes.
 */
export class ConversationLoads {
  readonly #engine: Engine;
  #waiting: Load[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Undefined when there is none.
   * @throws {FencedError} when a newer epoch owns it.
   */
  load(id: string, epoch: number): Promise<LoadedConversation | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<LoadedConversation | undefined>();
    this.#waiting.push({ id, epoch, resolve, reject });
    if (this.#waiting.length === 1) void this.#gather();
    return promise;
  }

  async #gather(): Promise<void> {
    await setImmediate();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let start = 0; start < waiting.length; start += AT_ONCE) {
      const some = waiting.slice(start, start + AT_ONCE);
      // The rows of one part are read while those of the one before are taken in.
      void this.#carryOut(some).catch((error) => {
        for (const { reject } of some) reject(error);
      });
    }
  }

  async #carryOut(loads: readonly Load[]): Promise<void> {
    const found = await this.#engine.db.selectFrom("conversation").selectAll()
      .where(this.#engine.isOneOf("id", loads.map(({ id }) => id))).execute();
    const rows = new Map(found.map((row) => [row.id, row]));
    // A conversation that has left memory and comes back costs no write.
    const stale = loads.filter(({ id, epoch }) => rows.has(id) && rows.get(id)?.owner_epoch !== epoch);
    const raised = new Map((await this.#raise(stale)).map((row) => [row.id, row]));
    const fenced = new Set(stale.filter(({ id }) => !raised.has(id)));
    const ids = [...rows.keys()];
    const [members, newest] = ids.length === 0
      ? [new Map(), new Map()]
      : await Promise.all([this.#members(ids), this.#newest(ids)]);
    for (const load of loads) {
      const { id, epoch } = load;
      const row = raised.get(id) ?? rows.get(id);
      if (fenced.has(load)) load.reject(new FencedError({ noun: "conversation", id, epoch }));
      else if (row === undefined) load.resolve(undefined);
      else load.resolve({ row, members: members.get(id) ?? [], newest: newest.get(id)! });
    }
  }

  async #raise(loads: readonly Load[]): Promise<readonly ConversationRow[]> {
    const raise = (ids: readonly string[], epoch: number) =>
      this.#engine.db.updateTable("conversation").set({ owner_epoch: epoch })
        .where(this.#engine.isOneOf("id", ids)).where("owner_epoch", "<=", epoch)
        .returningAll().execute();
    const groups = this.#engine.rowLocks
      ? loads.map(({ id, epoch }) => raise([id], epoch))
      : [...Map.groupBy(loads, ({ epoch }) => epoch)].map(([epoch, some]) =>
        raise(some.map(({ id }) => id), epoch)
      );
    return (await Promise.all(groups)).flat();
  }

  async #members(ids: readonly string[]): Promise<ReadonlyMap<string, readonly MemberRow[]>> {
    const rows = await this.#engine.db.selectFrom("conversation_member").selectAll()
      .where(this.#engine.isOneOf("conversation_id", ids)).where("state", "in", [
        "member",
        "invited",
        "asked",
      ])
      .orderBy("conversation_id").orderBy("user_id").execute();
    return Map.groupBy(rows, (row) => row.conversation_id);
  }

  async #newest(ids: readonly string[]): Promise<ReadonlyMap<string, Newest>> {
    const last = (column: "seq" | "version"): RawBuilder<number | null> =>
      sql`(select ${sql.ref(column)} from conversation_message
        where conversation_id = conversation.id order by seq desc limit 1)`;
    const rows = await this.#engine.db.selectFrom("conversation").select([
      "id",
      last("seq").as("seq"),
      last("version").as("version"),
      sql<number | null>`(select max(changed) from conversation_message
        where conversation_id = conversation.id and changed is not null)`.as("changed"),
      sql<number | null>`(select max(version) from conversation_member
        where conversation_id = conversation.id)`.as("member"),
    ]).where(this.#engine.isOneOf("id", ids)).execute();
    return new Map(rows.map(({ id, ...newest }) => [id, newest]));
  }
}
