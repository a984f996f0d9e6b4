import { MemoryBroker, type MemoryBus } from "actors/bus/memory.ts";
import { Drops } from "actors/runtime/drops.ts";
import type { SwitchName } from "protocol/switches.ts";
import { Switchboard } from "routes/switches/switchboard.ts";
import type { AuditRecord } from "storage/account_storage.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ProcessStorage } from "tests/support/process_storage.ts";
import { MortalClock, ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

export const POLL_MS = 3_000;

export interface SwitchNode {
  readonly board: Switchboard;
  readonly bus: MemoryBus;
  readonly storage: ProcessStorage;
  readonly drops: Drops;
  turn(name: SwitchName, on: boolean, forMs?: number): Promise<void>;
}

/** What several nodes know of switches, over one database and one broker, on a clock that moves when told to. */
export class SwitchStage implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly database: Storage;
  readonly #broker = new MemoryBroker({
    onError: (error) => {
      throw error;
    },
  });
  readonly #outside = this.#broker.connect();
  readonly #buses: MemoryBus[] = [this.#outside];
  readonly #boards: Switchboard[] = [];
  #lines = 0;

  private constructor(clock: VirtualClock, database: Storage) {
    this.clock = clock;
    this.database = database;
  }

  static async open(): Promise<SwitchStage> {
    const clock = new VirtualClock();
    return new SwitchStage(clock, await openSqlite({ path: ":memory:", clock: () => clock.now() }));
  }

  async start(pollMs = POLL_MS): Promise<SwitchNode> {
    const bus = this.#broker.connect();
    this.#buses.push(bus);
    const storage = new ProcessStorage(this.database);
    const drops = new Drops();
    const clock = new MortalClock(this.clock);
    const opening = Switchboard.open({ store: storage.switches, bus, clock, drops, pollMs });
    opening.catch(() => {}); // awaited below, once the bus has had its turns
    await this.clock.settle();
    const board = await opening;
    this.#boards.push(board);
    const turn: SwitchNode["turn"] = async (name, on, forMs) => {
      await board.put({ name, on, by: "olga", ...(forMs === undefined ? {} : { forMs }) }, this.line(name));
      await this.clock.settle();
    };
    return { board, bus, storage, drops, turn };
  }

  /** In the database only, as if the event were lost. */
  async turn(name: SwitchName, on: boolean): Promise<void> {
    await this.database.switches.put({ name, on, by: "olga" }, this.line(name));
  }

  line(subject: string): AuditRecord {
    return { id: ulid(++this.#lines), at: 0, event: "switch.set", subject, actor: "olga" };
  }

  async publish(body: string): Promise<void> {
    this.#outside.publish("barrage.v1.evt.switch.read-only.changed", new TextEncoder().encode(body));
    await this.clock.settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const board of this.#boards) board[Symbol.dispose]();
    for (const bus of this.#buses) await bus[Symbol.asyncDispose]();
    await this.clock.settle();
    await this.database[Symbol.asyncDispose]();
  }
}
