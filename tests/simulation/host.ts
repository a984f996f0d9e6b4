import type { Bus } from "actors/bus/bus.ts";
import { ActorNode } from "actors/runtime/node.ts";
import { DEFAULT_LIMITS } from "actors/runtime/ports.ts";
import type { Storage } from "storage/storage.ts";
import { type Committed, DatabaseLink, type LinkWeather } from "./database_link.ts";
import type { Network } from "./network.ts";
import { SimProcess } from "./process.ts";
import type { Random } from "./random.ts";
import { SimBus } from "./sim_bus.ts";
import type { Timeline } from "./timeline.ts";

const LEASE = { ttlMs: 10_000, renewMs: 2_500, fenceMs: 7_500, settleMs: 5_000 };

/** What a process is made of, for whoever puts actors on its node. */
export interface Parts {
  readonly node: ActorNode;
  readonly process: SimProcess;
  readonly storage: Storage;
  readonly bus: Bus;
}

export interface HostOptions<T> {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly database: Storage;
  readonly random: Random;
  readonly linkWeather: () => LinkWeather;
  readonly committed: (commit: Committed) => void;
  /** As nodes see the bus, and what runs on them. */
  readonly road: (bus: SimBus, process: SimProcess) => Bus;
  readonly furnish: (parts: Parts) => T;
  /** Replaces parts of the storage that the node sees; for tests of the simulation itself. */
  readonly wrap: (storage: Storage) => Storage;
}

/** One simulated process with everything it is made of. */
export class Host<T = unknown> {
  readonly process: SimProcess;
  readonly bus: SimBus;
  readonly link: DatabaseLink;
  readonly node: ActorNode;
  readonly inside: T;

  constructor(readonly id: string, options: HostOptions<T>) {
    const { timeline, network, database, committed, linkWeather, wrap } = options;
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
    const bus = options.road(this.bus, this.process);
    this.node = new ActorNode({
      node: { id, address: `${id}:1`, version: "simulated" },
      clock: this.process.clock,
      random: random.fork().next,
      bus,
      storage,
      limits: { ...DEFAULT_LIMITS, idleMs: 4_000 },
      lease: LEASE,
      alone: false,
      networked: true,
    });
    this.inside = options.furnish({ node: this.node, process: this.process, storage, bus });
  }

  kill(): void {
    this.process.kill();
    this.bus[Symbol.asyncDispose]();
  }
}
