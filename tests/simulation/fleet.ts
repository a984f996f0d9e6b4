import type { Storage } from "storage/storage.ts";
import { Host, type HostOptions } from "./host.ts";
import type { Schedule, Step } from "./schedule.ts";

const BOOT_AGAIN_MS = 1_000;
const HAND_OVER_MS = 4_000;

type Place<T> = { host: Host<T>; leaving: boolean } | { host: undefined };

export type Fault = Exclude<Step, { do: "add" | "arm" | "crash" }>;

export type FleetOptions<T> = Omit<HostOptions<T>, "linkWeather" | "wrap"> & {
  readonly wrap?: (storage: Storage) => Storage;
  /** The process has come to its end. */
  readonly ended?: (host: Host<T>) => void;
};

/** The processes of a simulated cluster, and what is done to them. */
export class Fleet<T> {
  /** All there ever were. */
  readonly all: Host<T>[] = [];
  readonly #schedule: Schedule;
  readonly #options: FleetOptions<T>;
  readonly #places: Place<T>[] = [];
  #well = false;
  #births = 0;

  constructor(schedule: Schedule, options: FleetOptions<T>) {
    this.#schedule = schedule;
    this.#options = options;
  }

  /** Those that serve now. */
  get hosts(): readonly Host<T>[] {
    return this.#places.flatMap(({ host }) => host ?? []);
  }

  /** Those that a balancer sends new clients to. */
  get open(): readonly Host<T>[] {
    return this.#places.flatMap((place) =>
      place.host !== undefined && !place.leaving && place.host.process.running ? place.host : []
    );
  }

  at(place: number): Host<T> | undefined {
    return this.#places[place]?.host;
  }

  boot(): void {
    for (let place = 0; place < this.#schedule.places; place++) this.#boot(place, `node-${place}`);
  }

  hurt(step: Fault): void {
    const place = this.#places[step.place]!;
    const { host } = place;
    const { timeline } = this.#options;
    if (host === undefined) return;
    switch (step.do) {
      case "kill":
        this.#end(host);
        return this.#bootLater(step.place, step.reborn ? host.id : `born-${this.#births++}`, step.downMs);
      case "deploy":
        if (!place.leaving) this.#deploy(step.place, host);
        return;
      case "pause":
        host.process.pause();
        timeline.after(step.ms, () => host.process.resume());
        return;
      case "cut_bus":
        host.bus.cut(step.noticeMs);
        timeline.after(step.ms, () => host.bus.mend());
        return;
      case "cut_database":
        host.link.cut();
        timeline.after(step.ms, () => host.link.mend());
        return;
      case "set_clock":
        host.process.clock.skew = step.skewMs;
        return;
    }
  }

  /** Everything is whole again, and stays so. */
  recover(): void {
    this.#well = true;
    const { network } = this.#options;
    network.weather = { ...network.weather, delayMs: 1, stallChance: 0, loss: 0 };
    for (const { process, bus, link } of this.hosts) {
      process.resume();
      bus.mend();
      link.mend();
    }
  }

  kill(): void {
    for (const { process } of this.hosts) process.kill();
  }

  #boot(place: number, id: string): void {
    const host = new Host<T>(id, {
      wrap: (storage) => storage,
      ...this.#options,
      linkWeather: () => {
        const { link } = this.#schedule;
        return this.#well ? { ...link, stallChance: 0, breakChance: 0 } : link;
      },
    });
    this.all.push(host);
    const taken: Place<T> = { host, leaving: false };
    this.#places[place] = { host: undefined };
    host.node.start().then(() => {
      if (host.process.alive) this.#places[place] = taken;
    }, () => {
      this.#end(host);
      this.#bootLater(place, id, BOOT_AGAIN_MS);
    });
  }

  #bootLater(place: number, id: string, ms: number): void {
    this.#places[place] = { host: undefined };
    this.#options.timeline.after(ms, () => this.#boot(place, id));
  }

  /** As on SIGTERM: hands its shards over, finishes, ends, and starts again. */
  #deploy(place: number, host: Host<T>): void {
    this.#places[place] = { host, leaving: true };
    this.#stop(host).catch(() => {
      // The database could not be reached at the end; the process exits all the same.
    }).then(() => {
      if (!host.process.alive) return;
      this.#end(host);
      this.#bootLater(place, host.id, 200);
    });
  }

  async #stop({ node }: Host<T>): Promise<void> {
    await node.handEverythingOver(HAND_OVER_MS);
    await node.drain(1_000);
    await node.stop(500);
  }

  #end(host: Host<T>): void {
    host.kill();
    this.#options.ended?.(host);
  }
}
