import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Storage } from "storage/storage.ts";
import { ledgerActor, ledgerFactory } from "tests/support/ledger_actor.ts";
import { type Committed, DatabaseLink, type LinkWeather } from "./database_link.ts";
import type { Network } from "./network.ts";
import { SimProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { SimBus } from "./sim_bus.ts";
import type { Timeline } from "./timeline.ts";

const LEASE = { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 5_000 };

export interface HostOptions {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly database: Storage;
  readonly random: Random;
  readonly linkWeather: () => LinkWeather;
  readonly committed: (commit: Committed) => void;
  /** Two turns of one actor under one epoch ran at once. */
  readonly overlapped: (key: string) => void;
  /** Replaces parts of the storage that the node sees; for tests of the simulation itself. */
  readonly wrap: (storage: Storage) => Storage;
}

/** One simulated process with everything it is made of. */
export class Host {
  readonly process: SimProcess;
  readonly bus: SimBus;
  readonly link: DatabaseLink;
  readonly node: ActorNode;
  /** Turns that run now, per actor and epoch. */
  readonly #turns = new Map<string, number>();

  constructor(readonly id: string, options: HostOptions) {
    const { timeline, network, database, committed, linkWeather, overlapped, wrap } = options;
    const random = options.random.fork();
    this.process = new SimProcess(timeline, random.fork(), id, random.between(-0.01, 0.01));
    this.bus = new SimBus(network, this.process);
    this.link = new DatabaseLink({
      timeline,
      random: random.fork(),
      process: this.process,
      database,
      weather: linkWeather,
      committed,
    });
    const storage = wrap(this.link.storage);
    this.node = new ActorNode({
      node: { id, address: `${id}:1`, version: "simulated" },
      clock: this.process.clock,
      random: random.fork().next,
      bus: this.bus,
      storage,
      limits: { ...DEFAULT_LIMITS, idleMs: 4_000 },
      lease: LEASE,
      alone: false,
      networked: true,
    });
    const turn = (key: string, edge: "begin" | "end", epoch: number) => {
      const name = `${key} ${epoch}`;
      const now = (this.#turns.get(name) ?? 0) + (edge === "begin" ? 1 : -1);
      this.#turns.set(name, now);
      if (now > 1) overlapped(key);
    };
    this.node.host(ledgerActor, ledgerFactory(storage.rooms, { turn }));
  }

  kill(): void {
    this.process.kill();
    this.bus[Symbol.asyncDispose]();
  }
}
