import type { ActorNode } from "actors/runtime/node.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ledgerActor } from "tests/support/ledger_actor.ts";
import { Host } from "./host.ts";
import { Network } from "./network.ts";
import { trueTime } from "./process.ts";
import { Random } from "./random.ts";
import type { Schedule, Step } from "./schedule.ts";
import { Timeline } from "./timeline.ts";
import type { Committed } from "./database_link.ts";

/** Longer than any deadline, restart pause and lease. */
const CALM_MS = 26_000;
const PROBE_MS = 5_000;
const BOOT_AGAIN_MS = 1_000;
const HAND_OVER_MS = 4_000;

export interface Sent {
  readonly key: string;
  readonly sender: string;
  readonly text: string;
  /** The node that took it; a dead one owes no answer. */
  readonly host: Host;
  /** Sent when everything was well again, so it must succeed. */
  readonly probe: boolean;
  state: "open" | "acked" | string;
}

type Place = { host: Host; leaving: boolean } | { host: undefined };

export interface WorldOptions {
  readonly wrap?: (storage: Storage) => Storage;
}

/** One run of one schedule, and everything the world outside can know of it. */
export class World implements AsyncDisposable {
  readonly sent: Sent[] = [];
  readonly armed: Sent[] = [];
  readonly commits: Committed[] = [];
  readonly overlaps: string[] = [];
  readonly timeline: Timeline;
  readonly network: Network;
  readonly keys: readonly string[];
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #places: Place[] = [];
  readonly #wrap: (storage: Storage) => Storage;
  readonly #hosts: Host[] = [];
  readonly #people = new Map<string, string>();
  #well = false;
  #texts = 0;
  #births = 0;

  private constructor(
    schedule: Schedule,
    timeline: Timeline,
    readonly database: Storage,
    wrap: (storage: Storage) => Storage,
  ) {
    this.#schedule = schedule;
    this.#random = new Random(schedule.seed + 1);
    this.timeline = timeline;
    this.network = new Network(timeline, this.#random.fork(), schedule.network);
    this.#wrap = wrap;
    const random = this.#random.fork();
    this.keys = Array.from({ length: 4 }, () => String(random.below(1e9)).padStart(26, "0"));
  }

  static async open(schedule: Schedule, options: WorldOptions = {}): Promise<World> {
    const timeline = new Timeline();
    const database = await openSqlite({ path: ":memory:", clock: () => trueTime(timeline) });
    return new World(schedule, timeline, database, options.wrap ?? ((storage) => storage));
  }

  get clocksRight(): boolean {
    return this.#schedule.steps.every(({ step }) => step.do !== "set_clock");
  }

  get hosts(): readonly Host[] {
    return this.#places.flatMap(({ host }) => host ?? []);
  }

  /** Goes through the schedule, then lets everything become well again, and asks every actor from everywhere. */
  async run(): Promise<void> {
    const { places, steps, lengthMs } = this.#schedule;
    for (let place = 0; place < places; place++) this.#boot(place, `node-${place}`);
    for (const { at, step } of steps) this.timeline.after(at, () => this.#do(step));
    await this.timeline.pass(lengthMs);
    this.#recover();
    await this.timeline.pass(CALM_MS);
    for (const key of this.keys) {
      for (const host of this.hosts) this.#add(host, key, "probe", PROBE_MS, true);
    }
    await this.timeline.pass(PROBE_MS + 1_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.hosts) process.kill();
    await this.database[Symbol.asyncDispose]();
  }

  #do(step: Step): void {
    const place = this.#places[step.place]!;
    const { host } = place;
    if (host === undefined) return;
    switch (step.do) {
      case "add":
        // Nobody can hand a command to a process that stands still.
        if (!host.process.running) return;
        for (let n = 0; n < step.burst; n++) {
          this.#add(host, this.keys[step.key]!, `${step.place} ${step.sender}`, step.timeoutMs, false);
        }
        return;
      case "arm":
        if (host.process.running) this.#arm(host, this.keys[step.key]!, step.inMs);
        return;
      case "crash":
        if (!host.process.running) return;
        host.node.ref(ledgerActor, this.keys[step.key]!).crash({}).catch(() => {
          // It is meant to fail.
        });
        return;
      case "kill":
        host.kill();
        return this.#bootLater(
          step.place,
          step.reborn ? host.id : `born-${this.#births++}`,
          step.downMs,
        );
      case "deploy":
        if (!place.leaving) this.#deploy(step.place, host);
        return;
      case "pause":
        host.process.pause();
        this.timeline.after(step.ms, () => host.process.resume());
        return;
      case "cut_bus":
        host.bus.cut(step.noticeMs);
        this.timeline.after(step.ms, () => host.bus.mend());
        return;
      case "cut_database":
        host.link.cut();
        this.timeline.after(step.ms, () => host.link.mend());
        return;
      case "set_clock":
        host.process.clock.skew = step.skewMs;
        return;
    }
  }

  #recover(): void {
    this.#well = true;
    this.network.weather = { ...this.network.weather, delayMs: 1, stallChance: 0, loss: 0 };
    for (const { process, bus, link } of this.hosts) {
      process.resume();
      bus.mend();
      link.mend();
    }
  }

  #boot(place: number, id: string): void {
    const host = new Host(id, {
      timeline: this.timeline,
      network: this.network,
      database: this.database,
      random: this.#random,
      linkWeather: () => {
        const { link } = this.#schedule;
        return this.#well ? { ...link, stallChance: 0, breakChance: 0 } : link;
      },
      committed: (commit) => this.commits.push(commit),
      overlapped: (key) => this.overlaps.push(key),
      wrap: this.#wrap,
    });
    this.#hosts.push(host);
    const taken: Place = { host, leaving: false };
    this.#places[place] = { host: undefined };
    host.node.start().then(() => {
      if (host.process.alive) this.#places[place] = taken;
    }, () => {
      host.kill();
      this.#bootLater(place, id, BOOT_AGAIN_MS);
    });
  }

  #bootLater(place: number, id: string, ms: number): void {
    this.#places[place] = { host: undefined };
    this.timeline.after(ms, () => this.#boot(place, id));
  }

  /** As on SIGTERM: hands its shards over, finishes, ends, and starts again. */
  #deploy(place: number, host: Host): void {
    this.#places[place] = { host, leaving: true };
    this.#stop(host.node).catch(() => {
      // The database could not be reached at the end; the process exits all the same.
    }).then(() => {
      if (!host.process.alive) return;
      host.kill();
      this.#bootLater(place, host.id, 200);
    });
  }

  async #stop(node: ActorNode): Promise<void> {
    await node.handEverythingOver(HAND_OVER_MS);
    await node.drain(1_000);
    await node.stop(500);
  }

  #add(host: Host, key: string, sender: string, timeoutMs: number, probe: boolean): void {
    const person = this.#personOf(host, sender);
    const sent: Sent = { key, sender: person, text: `add ${this.#texts++}`, host, probe, state: "open" };
    this.sent.push(sent);
    const user = { id: person, name: sender };
    const ref = host.node.ref(ledgerActor, key, { kind: "user", user, standing: "member", session: user.id });
    note(ref.add({ text: sent.text }, { timeoutMs }), sent);
  }

  /** As a socket: a sender has one process only. */
  #personOf(host: Host, sender: string): string {
    const name = `${sender} at ${this.#hosts.indexOf(host)}`;
    const known = this.#people.get(name) ?? String(this.#people.size).padStart(26, "0");
    this.#people.set(name, known);
    return known;
  }

  #arm(host: Host, key: string, inMs: number): void {
    const text = `ring ${this.#texts++}`;
    const sent: Sent = { key, sender: "timer", text, host, probe: false, state: "open" };
    this.armed.push(sent);
    const dueAt = trueTime(this.timeline) + inMs;
    note(host.node.ref(ledgerActor, key).armOnce({ name: text, dueAt, text }), sent);
  }
}

function note(answer: Promise<unknown>, sent: Sent): void {
  answer.then(() => sent.state = "acked", (error) => sent.state = error.reason ?? String(error));
}
