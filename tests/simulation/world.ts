import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ledgerActor, ledgerFactory } from "tests/support/ledger_actor.ts";
import type { Committed } from "./database_link.ts";
import { Fleet } from "./fleet.ts";
import type { Host, Parts } from "./host.ts";
import { Network } from "./network.ts";
import { trueTime } from "./process.ts";
import { Random } from "./random.ts";
import type { Schedule, Step } from "./schedule.ts";
import { Timeline } from "./timeline.ts";

/** Longer than any deadline, restart pause and lease. */
const CALM_MS = 26_000;
const PROBE_MS = 5_000;

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

export interface WorldOptions {
  /** Replaces parts of the storage that the nodes see; for tests of the simulation itself. */
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
  readonly #fleet: Fleet<void>;
  readonly #people = new Map<string, string>();
  #texts = 0;

  private constructor(
    schedule: Schedule,
    timeline: Timeline,
    readonly database: Storage,
    wrap: (storage: Storage) => Storage,
  ) {
    this.#schedule = schedule;
    const random = new Random(schedule.seed + 1);
    this.timeline = timeline;
    this.network = new Network(timeline, random.fork(), schedule.network);
    const names = random.fork();
    this.keys = Array.from({ length: 4 }, () => String(names.below(1e9)).padStart(26, "0"));
    this.#fleet = new Fleet(schedule, {
      ...{ timeline, network: this.network, database, random, wrap },
      committed: (commit) => this.commits.push(commit),
      road: (bus) => bus,
      furnish: (parts) => this.#furnish(parts),
    });
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
    return this.#fleet.hosts;
  }

  /** Goes through the schedule, then lets everything become well again, and asks every actor from everywhere. */
  async run(): Promise<void> {
    const { steps, lengthMs } = this.#schedule;
    this.#fleet.boot();
    for (const { at, step } of steps) this.timeline.after(at, () => this.#do(step));
    await this.timeline.pass(lengthMs);
    this.#fleet.recover();
    await this.timeline.pass(CALM_MS);
    for (const key of this.keys) {
      for (const host of this.hosts) this.#add(host, key, "probe", PROBE_MS, true);
    }
    await this.timeline.pass(PROBE_MS + 1_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fleet.kill();
    await this.database[Symbol.asyncDispose]();
  }

  #do(step: Step): void {
    const host = this.#fleet.at(step.place);
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
      default:
        return this.#fleet.hurt(step);
    }
  }

  #furnish({ node, storage }: Parts): void {
    /** Turns that run now, per actor and epoch. */
    const turns = new Map<string, number>();
    const turn = (key: string, edge: "begin" | "end", epoch: number) => {
      const name = `${key} ${epoch}`;
      const now = (turns.get(name) ?? 0) + (edge === "begin" ? 1 : -1);
      turns.set(name, now);
      if (now > 1) this.overlaps.push(key);
    };
    node.host(ledgerActor, ledgerFactory(storage.rooms, { turn }));
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
    const name = `${sender} at ${this.#fleet.all.findIndex(({ process }) => process === host.process)}`;
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
