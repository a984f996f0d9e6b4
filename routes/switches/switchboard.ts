import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { SWITCHES, SwitchName } from "protocol/switches.ts";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { AuditRecord } from "storage/account_storage.ts";
import type { SwitchChange, SwitchRecord, SwitchStore } from "storage/switch_storage.ts";

const log = getLogger(["barrage", "switches"]);

const SUBJECT = "barrage.v1.evt.switch.*.changed";

const Changed = z.object({
  name: SwitchName,
  version: z.int().positive(),
  on: z.boolean(),
  by: z.string().max(128),
  at: z.int(),
  leftMs: z.number().optional(),
});

export interface SwitchboardOptions {
  readonly store: SwitchStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly pollMs: number;
}

/** As it was set or cleared last; `endsAt` by this node's monotonic clock. */
interface Known extends Omit<SwitchRecord, "leftMs"> {
  readonly endsAt: number;
}

/**
 * Which switches are on at this node: those that operators have set, which all nodes know and the database keeps, and
 * those that the node's own load has turned on. Each change is told by an event with what is in the database now; whoever
 * missed it finds it there within `pollMs`, and at once when the bus is back. Times are the database's: a node only counts
 * what is left of them.
 */
export class Switchboard implements Disposable {
  readonly #options: SwitchboardOptions;
  readonly #known = new Map<SwitchName, Known>();
  readonly #changes = new Map<SwitchName, number>();
  readonly #subscription: Subscription;
  readonly #unwatch: () => void;
  #load: ReadonlySet<SwitchName> = new Set();
  #on: ReadonlySet<SwitchName> = new Set();
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #cancelPoll: (() => void) | undefined;
  #cancelEnd: (() => void) | undefined;

  private constructor(options: SwitchboardOptions) {
    this.#options = options;
    this.#subscription = options.bus.subscribe(SUBJECT, (message) => this.#hear(message));
    this.#unwatch = options.bus.watch((state) => {
      if (state === "connected") this.#poll();
    });
  }

  /** Resolves when all that was set so far is known. */
  static async open(options: SwitchboardOptions): Promise<Switchboard> {
    const board = new Switchboard(options);
    try {
      await board.#subscription.ready;
      await board.#catchUp();
    } catch (error) {
      board[Symbol.dispose]();
      throw error;
    }
    board.#plan();
    return board;
  }

  /** In the order of the table. */
  get on(): readonly SwitchName[] {
    return SWITCHES.filter((name) => this.#on.has(name));
  }

  get any(): boolean {
    return this.#on.size > 0;
  }

  isOn(name: SwitchName): boolean {
    return this.#on.has(name);
  }

  /** By this node's own load. */
  isOnByLoad(name: SwitchName): boolean {
    return this.#load.has(name);
  }

  /** As an operator has set it; undefined when nobody has, or its time is over. */
  setting(
    name: SwitchName,
  ): { readonly by: string; readonly at: number; readonly leftMs?: number } | undefined {
    const known = this.#known.get(name);
    if (known === undefined || !this.#isSet(name)) return undefined;
    const { by, at, endsAt } = known;
    if (endsAt === Infinity) return { by, at };
    return { by, at, leftMs: Math.ceil(endsAt - this.#options.clock.monotonic()) };
  }

  /** How often it has been turned on or off, at this node. */
  changes(name: SwitchName): number {
    return this.#changes.get(name) ?? 0;
  }

  /** Counts at this node when it resolves, and at the others as soon as they hear of it. */
  async put(change: SwitchChange, audit: AuditRecord): Promise<void> {
    const { store, bus, clock } = this.#options;
    const asked = clock.monotonic();
    const record = await store.put(change, audit);
    this.#learn(record, asked);
    bus.publish(
      `barrage.v1.evt.switch.${record.name}.changed`,
      new TextEncoder().encode(JSON.stringify(record)),
    );
  }

  /** What the node's load turns on, in the place of what it did before. */
  setLoad(names: readonly SwitchName[]): void {
    this.#load = new Set(names);
    this.#refresh();
  }

  [Symbol.dispose](): void {
    this.#cancelPoll?.();
    this.#cancelEnd?.();
    this.#unwatch();
    this.#subscription.unsubscribe();
  }

  #hear({ data }: BusMessage): void {
    try {
      const { leftMs, ...record } = Changed.parse(JSON.parse(new TextDecoder().decode(data)));
      this.#learn(
        { ...record, ...(leftMs === undefined ? {} : { leftMs }) },
        this.#options.clock.monotonic(),
      );
    } catch (error) {
      // The store has it as well.
      this.#options.drops.count("switches", "parse");
      log.warn("Cannot read which switch has changed: {error}", { error });
      this.#poll();
    }
  }

  /** @param at When it was asked for: what was left then is never less than what is left. */
  #learn({ leftMs, ...record }: SwitchRecord, at: number): void {
    const known = this.#known.get(record.name);
    if (known !== undefined && known.version >= record.version) return;
    this.#known.set(record.name, { ...record, endsAt: leftMs === undefined ? Infinity : at + leftMs });
    this.#refresh();
  }

  #isSet(name: SwitchName): boolean {
    const known = this.#known.get(name);
    return known !== undefined && known.on && known.endsAt > this.#options.clock.monotonic();
  }

  #refresh(): void {
    const before = this.#on;
    this.#on = new Set(SWITCHES.filter((name) => this.#isSet(name) || this.#load.has(name)));
    for (const name of SWITCHES) {
      if (before.has(name) === this.#on.has(name)) continue;
      this.#changes.set(name, this.changes(name) + 1);
      if (!this.#on.has(name)) log.warn("Switch {name} is off", { name });
      else {log.warn("Switch {name} is on: {by}", {
          name,
          by: this.#isSet(name) ? this.#known.get(name)?.by : "load",
        });}
    }
    this.#planEnd();
  }

  /** When the first of them is over. */
  #planEnd(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    const ends = SWITCHES.filter((name) => this.#isSet(name)).map((name) => this.#known.get(name)!.endsAt);
    const first = Math.min(...ends);
    if (first === Infinity) return;
    const { clock } = this.#options;
    // A timer may be a moment early, and does not take more than 24 days.
    const ms = Math.min(Math.ceil(first - clock.monotonic()) + 1, 86_400_000);
    this.#cancelEnd = clock.after(ms, () => this.#refresh());
  }

  #plan(): void {
    this.#cancelPoll = this.#options.clock.after(this.#options.pollMs, () => {
      this.#poll();
      this.#plan();
    });
  }

  #poll(): void {
    this.#catchUp().catch((error) => {
      log.warn("Cannot read which switches are set, which is tried again: {error}", { error });
    });
  }

  /** One reading at a time; who asks while one is under way gets the next, as this one may be past it. */
  #catchUp(): Promise<void> {
    if (this.#reading === undefined) {
      return this.#reading = this.#read().finally(() => this.#reading = undefined);
    }
    return this.#next ??= this.#reading.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#catchUp();
    });
  }

  async #read(): Promise<void> {
    const asked = this.#options.clock.monotonic();
    for (const record of await this.#options.store.all()) this.#learn(record, asked);
  }
}
