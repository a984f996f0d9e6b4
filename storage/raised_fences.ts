import { setImmediate } from "node:timers/promises";
import type { Engine } from "./engine.ts";
import type { ConversationRow } from "./schema.ts";

interface Raise {
  readonly id: string;
  readonly epoch: number;
  resolve(row: ConversationRow | undefined): void;
  reject(error: unknown): void;
}

/** Most in one statement. */
const AT_ONCE = 1_000;

/**
 * Raises the fences of conversations. An embedded database syncs its file for each transaction, and after a restart
 * whoever comes back wakes all of his conversations: those of one moment go into one statement. Where rows are locked,
 * each is raised alone, as several at once could stand in a circle with the commit lanes.
 */
export class RaisedFences {
  readonly #engine: Engine;
  #waiting: Raise[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The row under its new fence; undefined when a newer epoch owns it. */
  raise(id: string, epoch: number): Promise<ConversationRow | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<ConversationRow | undefined>();
    const raise = { id, epoch, resolve, reject };
    if (this.#engine.rowLocks) {
      void this.#carryOut(epoch, [raise]);
    } else {
      this.#waiting.push(raise);
      if (this.#waiting.length === 1) void this.#gather();
    }
    return promise;
  }

  async #gather(): Promise<void> {
    await setImmediate();
    const byEpoch = Map.groupBy(this.#waiting, ({ epoch }) => epoch);
    this.#waiting = [];
    for (const [epoch, raises] of byEpoch) {
      for (let start = 0; start < raises.length; start += AT_ONCE) {
        await this.#carryOut(epoch, raises.slice(start, start + AT_ONCE));
      }
    }
  }

  async #carryOut(epoch: number, raises: readonly Raise[]): Promise<void> {
    try {
      const rows = await this.#engine.db.updateTable("conversation").set({ owner_epoch: epoch })
        .where(this.#engine.isOneOf("id", raises.map(({ id }) => id))).where("owner_epoch", "<=", epoch)
        .returningAll().execute();
      const byId = new Map(rows.map((row) => [row.id, row]));
      for (const { id, resolve } of raises) resolve(byId.get(id));
    } catch (error) {
      for (const { reject } of raises) reject(error);
    }
  }
}
