import { setImmediate } from "node:timers/promises";
import { BarrageError } from "protocol/errors.ts";
import { carryOut, type Work } from "./carry_out.ts";
import { compiledOnce } from "./compiled.ts";
import type { Engine, Trx } from "./engine.ts";
import { Disk } from "./disk.ts";
import {
  type CommitLane,
  type Fence,
  FencedError,
  type Noun,
  NOUNS,
  type Survives,
  type Write,
} from "./lane.ts";
import { findTaken } from "./taken.ts";
import { toChange } from "./writes.ts";

export interface LaneOptions {
  /** Most units in one transaction. @default {1000} */
  readonly transactionUnits?: number;
  /** Most units that may wait. @default {20000} */
  readonly maxWaiting?: number;
}

/** Counted since the start. */
export interface LaneStats {
  readonly transactions: number;
  /** Committed. */
  readonly units: number;
  readonly waiting: number;
  readonly fenced: number;
  /** Not committed for any other cause, or the outcome is unknown. */
  readonly failed: number;
  /** Not tried: overloaded, or closing. */
  readonly refused: number;
}

interface Unit extends Work {
  /** Need not wait for the disk. */
  readonly early: boolean;
  resolve(): void;
  reject(error: unknown): void;
}

/** Fewer are not worth a transaction beside the one under way. */
const BESIDE_MIN = 32;

/**
 * Takes everything that waits into one transaction, again and again. While one transaction is under way the next
 * one gathers, so the group grows with the load and a lone unit waits for nobody. Where the database, or the disk, works
 * beside this process, a large group is parted in two: while one half is being stored, those whose half is stored go on.
 * Units of one fence are never in two transactions at a time, so they take effect in their order.
 */
export class GroupCommitLane implements CommitLane, AsyncDisposable {
  readonly #engine: Engine;
  readonly #transactionUnits: number;
  readonly #maxWaiting: number;
  #waiting: Unit[] = [];
  /** Ids of the fences of each transaction under way. */
  readonly #underWay = new Set<ReadonlySet<string>>();
  readonly #counts = { transactions: 0, units: 0, fenced: 0, failed: 0, refused: 0 };
  #lastTransactionMs = 1;
  #drains = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  #disposed = false;
  readonly #disk: Disk | undefined;
  /** Resolved when a unit comes that does not wait for the disk. */
  #hurry: PromiseWithResolvers<void> | undefined;

  constructor(engine: Engine, options: LaneOptions = {}) {
    this.#engine = engine;
    this.#disk = engine.flush === undefined ? undefined : new Disk(engine.flush);
    this.#transactionUnits = options.transactionUnits ?? 1_000;
    this.#maxWaiting = options.maxWaiting ?? 20_000;
  }

  get stats(): LaneStats {
    return { ...this.#counts, waiting: this.#waiting.length };
  }

  commit(fence: Fence, writes: readonly Write[], survives: Survives = "machine"): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#counts.refused++;
      return Promise.reject(refusal);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const early = survives === "process";
    this.#waiting.push({ fence, changes: writes.map(toChange), early, resolve, reject });
    if (early || this.#waiting.length >= BESIDE_MIN) this.#hurry?.resolve();
    this.#begin();
    return promise;
  }

  /** Waits until what was accepted is settled; refuses the rest. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    if (this.#drains > 0) await (this.#idle ??= Promise.withResolvers()).promise;
    await this.#disk?.idle;
  }

  #refusal(): BarrageError | undefined {
    if (this.#disposed) return new BarrageError("unavailable", "The storage is closing");
    if (this.#waiting.length < this.#maxWaiting) return undefined;
    const transactions = Math.ceil(this.#waiting.length / this.#transactionUnits);
    const retryAfterMs = Math.min(5_000, Math.max(10, Math.round(transactions * this.#lastTransactionMs)));
    return new BarrageError("overloaded", "Too many writes are waiting", { retryAfterMs });
  }

  #begin(): void {
    if (this.#drains >= this.#engine.transactionsAtOnce) return;
    if (this.#drains > 0 && this.#waiting.length < BESIDE_MIN) return;
    this.#drains++;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    for (;;) {
      await this.#diskIdle();
      // An embedded database commits without ever yielding to the event loop: without this turn every timer and
      // socket that became due meanwhile would get a transaction of its own, and so would whoever of those that the
      // disk has just released is the first to go on.
      await setImmediate();
      const units = this.#take();
      if (units.length === 0) break;
      const fences = new Set(units.map(({ fence }) => fence.id));
      this.#underWay.add(fences);
      this.#begin();
      await this.#settle(units);
      this.#underWay.delete(fences);
    }
    if (--this.#drains === 0) this.#idle?.resolve();
  }

  /** While the disk works the next group gathers, unless it is large or somebody in it does not wait for the disk. */
  async #diskIdle(): Promise<void> {
    for (let idle = this.#disk?.idle; idle !== undefined; idle = this.#disk?.idle) {
      if (this.#waiting.length >= BESIDE_MIN || this.#waiting.some(({ early }) => early)) return;
      this.#hurry = Promise.withResolvers();
      await Promise.race([idle, this.#hurry.promise]);
      this.#hurry = undefined;
    }
  }

  /** What goes into the next transaction; what has to wait for another one goes when that is over. */
  #take(): readonly Unit[] {
    const parts = this.#waiting.length < 2 * BESIDE_MIN ? 1 : this.#idlePlaces;
    const most = Math.min(this.#transactionUnits, Math.ceil(this.#waiting.length / parts));
    if (this.#underWay.size === 0) return this.#waiting.splice(0, most);
    const taken: Unit[] = [];
    const left: Unit[] = [];
    const busy = [...this.#underWay];
    for (const unit of this.#waiting) {
      const { id } = unit.fence;
      (taken.length < most && !busy.some((ids) => ids.has(id)) ? taken : left).push(unit);
    }
    if (taken.length < BESIDE_MIN) return [];
    this.#waiting = left;
    return taken;
  }

  /** How many groups can be on their way at once, less those that are: a disk that flushes is a second place. */
  get #idlePlaces(): number {
    if (this.#disk === undefined) return this.#engine.transactionsAtOnce - this.#underWay.size;
    return this.#disk.idle === undefined ? 2 : 1;
  }

  /**
   * Never rejects: every unit gets its answer. Units that claim what is taken are looked up, so the others need one
   * more attempt; any other bad unit is found by halving.
   */
  async #settle(units: readonly Unit[]): Promise<void> {
    let fenced: ReadonlySet<Unit>;
    const started = performance.now();
    try {
      fenced = await this.#transact(units);
    } catch (error) {
      if (units.length === 1 || isOutage(error)) return this.#fail(units, error);
      const taken = isConflict(error) ? await this.#findTaken(units) : new Set();
      if (taken.size > 0) {
        this.#fail(units.filter((unit) => taken.has(unit)), error);
        return await this.#settle(units.filter((unit) => !taken.has(unit)));
      }
      const middle = units.length >> 1;
      await this.#settle(units.slice(0, middle));
      await this.#settle(units.slice(middle));
      return;
    }
    this.#lastTransactionMs = performance.now() - started;
    this.#counts.transactions++;
    this.#counts.fenced += fenced.size;
    this.#counts.units += units.length - fenced.size;
    const waiting: Unit[] = [];
    for (const unit of units) {
      if (fenced.has(unit)) {
        unit.reject(new FencedError(unit.fence));
        continue;
      }
      for (const change of unit.changes) if (change.kind === "run") change.committed?.();
      if (unit.early || this.#disk === undefined) unit.resolve();
      else waiting.push(unit);
    }
    if (waiting.length > 0) this.#flush(waiting);
  }

  async #flush(units: readonly Unit[]): Promise<void> {
    try {
      await this.#disk?.safe();
    } catch (error) {
      return this.#fail(units, error);
    }
    for (const unit of units) unit.resolve();
  }

  #fail(units: readonly Unit[], error: unknown): void {
    this.#counts.failed += units.length;
    for (const unit of units) unit.reject(error);
  }

  async #findTaken(units: readonly Unit[]): Promise<ReadonlySet<Unit>> {
    try {
      return await findTaken(this.#engine.db, units);
    } catch {
      // Halving finds them as well, or the outage that this one met.
      return new Set();
    }
  }

  /** @throws {BarrageError} `timeout` when the connection was lost while committing: it may have happened or not. */
  async #transact(units: readonly Unit[]): Promise<ReadonlySet<Unit>> {
    let committing = false;
    try {
      return await this.#engine.transaction().execute(async (trx) => {
        const fenced = await this.#findFenced(trx, units);
        await carryOut(this.#engine, trx, units.filter((unit) => !fenced.has(unit)));
        committing = true;
        return fenced;
      });
    } catch (error) {
      if (!committing || !(error instanceof BarrageError)) throw error;
      throw new BarrageError("timeout", "Cannot tell whether the write took place: the database was lost", {
        cause: error,
      });
    }
  }

  async #findFenced(trx: Trx, units: readonly Unit[]): Promise<ReadonlySet<Unit>> {
    const fenced = new Set<Unit>();
    // All nodes lock in the same order, noun by noun and id by id, so none waits for another in a circle.
    for (const noun of NOUNS) {
      const owned = units.filter(({ fence }) => fence.noun === noun);
      if (owned.length === 0) continue;
      const epochs = await this.#lockFences(trx, noun, owned);
      for (const unit of owned) {
        const epoch = epochs.get(unit.fence.id);
        if (epoch === undefined && unit.fence.founding === true) continue;
        if (epoch !== unit.fence.epoch) fenced.add(unit);
      }
    }
    return fenced;
  }

  async #lockFences(trx: Trx, noun: Noun, units: readonly Unit[]): Promise<ReadonlyMap<string, number>> {
    const ids = [...new Set(units.map(({ fence }) => fence.id))];
    let query = trx.selectFrom(noun).select(["id", "owner_epoch"]);
    if (this.#engine.rowLocks) query = query.forUpdate();
    const [id] = ids;
    const one = () => query.where("id", "=", id!).compile();
    const { rows } = ids.length === 1
      ? await trx.executeQuery(compiledOnce(this.#engine, `fence ${noun}`, one, ids))
      : { rows: await query.where(this.#engine.isOneOf("id", ids)).orderBy("id").execute() };
    return new Map(rows.map((row) => [row.id, row.owner_epoch]));
  }
}

/** The database failed, not the unit: trying the units apart would not help. */
function isOutage(error: unknown): boolean {
  return error instanceof BarrageError && !isConflict(error);
}

function isConflict(error: unknown): boolean {
  return error instanceof BarrageError && error.reason === "conflict";
}
