import { BarrageError } from "protocol/errors.ts";
import type { Factory } from "actors/runtime/behaviour.ts";
import { Call } from "actors/runtime/call.ts";
import type { Output, Verbs } from "actors/runtime/definition.ts";
import { Ids } from "actors/runtime/ids.ts";
import type { Lease } from "actors/ai/answer/definition.ts";
import { poolFactory } from "actors/ai/pool/pool.ts";
import { type PoolVerbs, QueueEvent, type Ticket } from "actors/ai/pool/definition.ts";
import { DEFAULT_POOL_LIMITS, type PoolLimits } from "actors/ai/pool/limits.ts";
import { PoolMeters } from "actors/ai/pool/meter.ts";
import type { CredentialRecord, WaitingRecord } from "storage/ai_storage.ts";
import { SimProcess, trueTime } from "../process.ts";
import { Random } from "../random.ts";
import { Timeline } from "../timeline.ts";
import { PoolDatabase, PoolRows } from "./database.ts";
import { ModelAnswer } from "./model_answer.ts";
import { modelProbe } from "./model_probe.ts";
import { ModelRun } from "./model_run.ts";
import { NodeLease, NodeLeases } from "./node_lease.ts";
import { PoolPlace } from "./place.ts";
import { Post } from "./post.ts";
import type { PoolSchedule, PoolStep } from "./schedule.ts";
import { ModelUpstream } from "./upstream.ts";

const KEY = "text-model";
const FIRST_OWNER_MS = 50;
const CLAIM_MS = [500, 12_000] as const;
/** Past the last patience, every lapse and every pause of a credential that ends by itself. */
const CALM_MS = 60_000;
const LOOK_MS = 1_000;
const LOOKS = 3;
const MARK_MS = 3_000;

export type Inspected = Output<PoolVerbs["inspect"]>;

export interface PoolWorldOptions {
  readonly factory?: (ports: Parameters<typeof poolFactory>[0]) => Factory<PoolVerbs>;
  readonly limits?: Partial<PoolLimits>;
}

interface Running {
  readonly run: ModelRun;
  readonly answer: ModelAnswer;
  readonly process: SimProcess;
}

/** One run of one schedule: a pool that moves between processes, those who ask it, and the upstream that counts. */
export class PoolWorld {
  readonly timeline = new Timeline();
  readonly upstream: ModelUpstream;
  readonly answers: ModelAnswer[] = [];
  readonly rows: PoolRows;
  readonly meters = new PoolMeters();
  readonly problems: string[] = [];
  /** The meters when the backlog had begun, and when the first of its users had nothing more waiting. */
  readonly marks: { busySlotMs: number; slotMs: number }[] = [];
  last: Inspected | undefined;
  readonly #schedule: PoolSchedule;
  readonly #random: Random;
  readonly #post: Post;
  readonly #ids: Ids;
  readonly #credentials: CredentialRecord[];
  readonly #places: PoolPlace[] = [];
  readonly #leases = new NodeLeases(this.timeline);
  readonly #leaseOf = new Map<SimProcess, NodeLease>();
  readonly #byAnswer = new Map<string, ModelAnswer>();
  readonly #running = new Set<Running>();
  readonly #factory: NonNullable<PoolWorldOptions["factory"]>;
  readonly #limits: PoolLimits;
  #epoch = 0;
  #well = false;
  #published = -Infinity;

  constructor(schedule: PoolSchedule, { factory = poolFactory, limits = {} }: PoolWorldOptions = {}) {
    this.#schedule = schedule;
    this.#factory = factory;
    this.#limits = {
      ...DEFAULT_POOL_LIMITS,
      probeMaxMs: 5_000,
      perUserMax: schedule.backlog ? 200 : 8,
      ...limits,
    };
    this.#random = new Random(schedule.seed + 1);
    this.upstream = new ModelUpstream(this.timeline, this.#random.fork(), schedule.upstream);
    this.#post = new Post(this.timeline, this.#random.fork(), schedule.post);
    const clock = { now: () => trueTime(this.timeline), monotonic: () => this.timeline.now };
    this.#ids = new Ids(
      { ...clock, after: () => () => {}, yield: () => Promise.resolve() },
      this.#random.fork().next,
    );
    this.rows = new PoolRows(() => this.#waiting());
    this.#credentials = schedule.credentials.map((limits, n) => {
      const id = String(n + 1).padStart(26, "0");
      this.upstream.open(id, limits);
      return {
        ...{ id, provider: n % 2 === 0 ? "one" : "other", label: `key ${n}`, sealed: {}, keyVersion: 1 },
        uses: [{ feature: "text", model: "model", upstreamModel: "m", contextTokens: 8_000, ...limits }],
        ...{ state: "enabled", createdAt: 0, changedAt: 0 },
      };
    });
  }

  /** Goes through the schedule, lets everything become well, and looks what is left. */
  async run(): Promise<void> {
    const { places, steps, lengthMs, backlog } = this.#schedule;
    for (let n = 0; n < places; n++) this.#boot(n);
    this.timeline.after(FIRST_OWNER_MS, () => this.#claim(this.#random.below(places)));
    for (const { at, step } of steps) this.timeline.after(FIRST_OWNER_MS + at, () => this.#do(step));
    this.#ring();
    if (backlog) this.timeline.after(MARK_MS, () => this.#mark());
    await this.timeline.pass(lengthMs);
    this.#recover();
    const patience = Math.max(0, ...this.answers.map(({ ticket }) => ticket.until - trueTime(this.timeline)));
    await this.timeline.pass(CALM_MS + patience);
    await this.#inspect();
    // A credential that was out may be tried at this very moment.
    for (let look = 0; look < LOOKS && (this.last?.leased ?? 0) + this.rows.leases.size > 0; look++) {
      await this.timeline.pass(LOOK_MS);
      await this.#inspect();
    }
  }

  #waiting(): WaitingRecord[] {
    return this.answers.filter(({ storedWaiting }) => storedWaiting)
      .map(({ stored }) => stored as Ticket & WaitingRecord);
  }

  #boot(n: number): void {
    const process = new SimProcess(
      this.timeline,
      this.#random.fork(),
      `node-${n}`,
      this.#random.between(-0.01, 0.01),
    );
    const lease = new NodeLease(this.timeline, this.#random.fork(), process, this.#leases);
    this.#leaseOf.set(process, lease);
    const database = new PoolDatabase(this.timeline, this.#random.fork(), process, this.rows, () => {
      const { database } = this.#schedule;
      return this.#well ? { ...database, slowChance: 0, breakChance: 0 } : database;
    });
    const place: PoolPlace = new PoolPlace(KEY, {
      ...{ process, database, random: this.#random.fork() },
      factory: () => this.#poolOn(process, database) as unknown as Factory<Verbs>,
      published: (_event, body) => this.#heard(body),
      toAnswer: (answer, verb, input, timeoutMs) => this.#toAnswer(process, answer, verb, input, timeoutMs),
    });
    this.#places[n] = place;
  }

  #poolOn(process: SimProcess, { pools }: PoolDatabase): Factory<PoolVerbs> {
    return this.#factory({
      ...{ pools, meters: this.meters, limits: this.#limits },
      runners: {
        only: undefined,
        goneInMs: (runners) => Promise.resolve(this.#leases.goneInMs(runners)),
      },
      drops: this.#places.find((place) => place.process === process)!.ports.drops,
      credentials: { list: () => Promise.resolve([...this.#credentials]) },
      probe: modelProbe({ timeline: this.timeline, random: this.#random, upstream: this.upstream, process }),
    });
  }

  get #owner(): PoolPlace | undefined {
    return this.#places.find((place) => place.owns && place.process.alive);
  }

  /** As shards are claimed: after the one before is dead or has let go. */
  #claim(n: number): void {
    if (this.#owner !== undefined) return;
    const place = [...this.#places.slice(n), ...this.#places].find(({ process }) => process.alive);
    if (place === undefined) return void this.timeline.after(LOOK_MS, () => this.#claim(n));
    place.own(++this.#epoch);
  }

  /** Durable timers, and an owner for a pool that has none. */
  #ring(): void {
    this.timeline.after(LOOK_MS, () => {
      const owner = this.#owner;
      const { timer } = this.rows;
      if (owner !== undefined && timer !== undefined && timer.dueAt <= trueTime(this.timeline)) {
        const call = owner.call("tick", {});
        owner.process.deliver("timer", () => void owner.deliver(call));
        call.answer.then(() => {
          if (this.rows.timer?.generation === timer.generation) this.rows.timer = undefined;
        }, () => {
          // It comes again.
        });
      }
      this.#ring();
    });
  }

  #do(step: PoolStep): void {
    switch (step.do) {
      case "ask":
        return this.#ask(step);
      case "cancel":
        return this.answers[step.nth]?.cancel();
      case "kill":
        return this.#kill(step.place, step.downMs);
      case "cut_off":
        return this.#leaseOf.get(this.#places[step.place]!.process)?.silence(step.ms);
      case "hand_off":
        return void this.#handOff(step.to, step.graceMs);
      case "pause": {
        const { process } = this.#places[step.place]!;
        process.pause();
        return void this.timeline.after(step.ms, () => process.resume());
      }
      case "drop_run": {
        const running = [...this.#running][step.nth % Math.max(1, this.#running.size)];
        if (running !== undefined) this.#drop(running);
        return;
      }
      case "move_answer": {
        const answer = this.answers[step.nth];
        const { process } = this.#places[step.to]!;
        if (answer !== undefined && process.alive && !answer.over) answer.rehome(process);
        return;
      }
      case "rotate":
        this.#change(step.credential, {});
        return this.#refresh();
      case "disable":
        this.#change(step.credential, { state: "disabled" });
        this.timeline.after(step.forMs, () => {
          this.#change(step.credential, { state: "enabled" });
          this.#refresh();
        });
        return this.#refresh();
    }
  }

  #change(n: number, patch: Partial<CredentialRecord>): void {
    this.#credentials[n] = { ...this.#credentials[n]!, ...patch, changedAt: trueTime(this.timeline) };
  }

  #refresh(): void {
    const owner = this.#owner;
    owner?.process.deliver("bus", () => void owner.deliver(quiet(owner.call("refresh", {}))));
  }

  #ask({ user, count, band, waitMs, same, sticky }: PoolStep & { do: "ask" }): void {
    const homes = this.#places.filter(({ process }) => process.running);
    if (homes.length === 0) return;
    for (let n = 0; n < count; n++) {
      const { process } = this.#random.pick(homes);
      const ticket = {
        ...{
          answer: this.#ids.next(),
          user: String(user + 1).padStart(26, "U"),
          band,
          attempt: 1,
          exclude: [],
        },
        ...(same === undefined ? {} : { digest: String(same).padStart(43, "d") }),
        ...(sticky ? { sticky: this.#random.pick(this.#credentials).id } : {}),
        until: trueTime(this.timeline) + waitMs,
      };
      const answer = new ModelAnswer(process, ticket, {
        toPool: (from, verb, input, timeoutMs) => this.#toPool(from, verb, input, timeoutMs),
        run: (answer, lease) => this.#run(answer, lease),
        foundMs: () => this.#random.between(0, 4 * this.#schedule.database.delayMs),
        after: (ms, run) => void this.timeline.after(ms, run),
        wallNow: () => trueTime(this.timeline),
      });
      this.answers.push(answer);
      this.#byAnswer.set(ticket.answer, answer);
      answer.ask();
    }
  }

  #run(answer: ModelAnswer, lease: Lease): ModelRun {
    const process = answer.home;
    if (!this.rows.everLent.has(lease.lease)) {
      this.problems.push(`${lease.lease} was told before it was durable`);
    }
    const run: ModelRun = new ModelRun(lease, {
      ...{ timeline: this.timeline, random: this.#random, process, upstream: this.upstream },
      lateChance: this.#schedule.lateChance,
      roadMs: this.#schedule.roadMs,
      runner: () => this.#leaseOf.get(process)?.holder,
      toPool: (verb, input, timeoutMs) => this.#toPool(process, verb, input, timeoutMs),
      ended: (outcome) => {
        this.#running.delete(running);
        this.timeline.after(this.#random.between(0, 50), () => answer.ended(lease, outcome));
      },
    });
    const running = { run, answer, process };
    this.#running.add(running);
    return run;
  }

  #drop(running: Running): void {
    this.#running.delete(running);
    running.run.die();
    running.answer.bereaved(running.run);
  }

  #kill(n: number, downMs: number): void {
    const { process } = this.#places[n]!;
    if (!process.alive) return;
    process.kill();
    for (const running of [...this.#running]) if (running.process === process) this.#drop(running);
    const orphans = this.answers.filter(({ home, over }) => home === process && !over);
    for (const answer of orphans) answer.orphan();
    this.timeline.after(downMs, () => this.#boot(n));
    this.timeline.after(
      this.#random.between(...CLAIM_MS),
      () => this.#claim(this.#random.below(this.#places.length)),
    );
    for (const answer of orphans) this.#adopt(answer);
  }

  #adopt(answer: ModelAnswer): void {
    this.timeline.after(this.#random.between(...CLAIM_MS), () => {
      const homes = this.#places.filter(({ process }) => process.alive);
      if (homes.length === 0) this.#adopt(answer);
      else answer.rehome(this.#random.pick(homes).process);
    });
  }

  async #handOff(to: number, graceMs: number): Promise<void> {
    const owner = this.#owner;
    const next = this.#places[to]!;
    if (owner === undefined || owner === next || !next.process.alive) return;
    const waiting: Call[] = [];
    await owner.leave(graceMs, (call) => waiting.push(call));
    if (!next.process.alive) return this.#claim(to);
    if (this.#owner !== undefined) return;
    next.own(++this.#epoch);
    for (const call of waiting) this.#sendOn(next, call);
  }

  #sendOn(next: PoolPlace, call: Call): void {
    const again = next.call(call.facts.verb, call.input);
    again.answer.then((output) => call.reply(output), (error) => call.fail(BarrageError.from(error)));
    next.process.deliver(
      "bus",
      () => void (next.deliver(again) || again.fail(new BarrageError("unavailable"))),
    );
  }

  #toPool(from: SimProcess, verb: string, input: unknown, timeoutMs: number): Promise<unknown> {
    let owner: PoolPlace | undefined;
    return this.#post.ask(from, timeoutMs, () => (owner = this.#owner)?.process, (leftMs) => {
      const call = owner!.call(verb, input, leftMs);
      if (!owner!.deliver(call)) call.fail(new BarrageError("unavailable"));
      return call.answer;
    });
  }

  #toAnswer(from: SimProcess, id: string, verb: string, input: unknown, timeoutMs: number): Promise<unknown> {
    const answer = this.#byAnswer.get(id);
    if (answer === undefined) return Promise.reject(new BarrageError("not_found"));
    return this.#post.ask(from, timeoutMs, () => answer.home, () => answer.command(verb, input));
  }

  #heard(body: Uint8Array): void {
    const { places } = QueueEvent.parse(JSON.parse(new TextDecoder().decode(body)));
    const now = this.timeline.now;
    if (places.some(([answer]) => !this.#byAnswer.has(answer))) {
      this.problems.push("a place of nobody was told");
    }
    if (this.#schedule.backlog && now - this.#published < 900) {
      this.problems.push("places were told twice in a second");
    }
    this.#published = now;
  }

  #recover(): void {
    this.#well = true;
    this.#post.weather = { ...this.#post.weather, stallChance: 0, lossChance: 0, doubleChance: 0 };
    this.upstream.weather = { ...this.upstream.weather, faultChance: 0 };
    for (const { process } of this.#places) process.resume();
  }

  /** The backlog is over when one of its users has nothing more waiting. */
  #mark(): void {
    const { busySlotMs, slotMs } = this.meters.counts;
    const waiting = new Set(
      this.answers.filter(({ state }) => state === "waiting").map(({ ticket }) => ticket.user),
    );
    const users = new Set(this.answers.map(({ ticket }) => ticket.user));
    if (waiting.size < users.size) return;
    this.marks.push({ busySlotMs, slotMs });
    this.timeline.after(LOOK_MS, () => this.#mark());
  }

  async #inspect(): Promise<void> {
    const owner = this.#owner;
    if (owner === undefined) return void this.problems.push("nobody owns the pool");
    const call = owner.call("inspect", {});
    owner.deliver(call);
    const answer = call.answer.then((output) => this.last = output as Inspected, (error) => {
      this.problems.push(`it cannot be inspected: ${error}`);
    });
    await this.timeline.pass(2_000);
    await answer;
  }
}

function quiet(call: Call): Call {
  call.answer.catch(() => {});
  return call;
}
