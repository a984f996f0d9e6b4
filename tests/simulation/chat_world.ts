import { RepeatingBus } from "actors/bus/repeating_bus.ts";
import { directId, groupId, isDirectId } from "actors/conversation/conversation_ids.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { behindOf, lookAtAll } from "tests/faults/chat/behind.ts";
import { ChatDevice } from "tests/faults/chat/device.ts";
import { CallFailed, type Dial, LOST } from "tests/faults/chat/line.ts";
import type { Stored, Story } from "tests/faults/chat/story.ts";
import { type Group, Talker } from "tests/faults/chat/talker.ts";
import { account } from "tests/storage/contract/account_records.ts";
import { Chance } from "tests/support/fuzz_frames.ts";
import { person } from "tests/support/room_stage.ts";
import { ChatGate } from "./chat_gate.ts";
import { Fleet } from "./fleet.ts";
import { Network } from "./network.ts";
import { trueTime } from "./process.ts";
import { Random } from "./random.ts";
import type { Schedule, Step } from "./schedule.ts";
import { Timeline } from "./timeline.ts";
import type { WorldOptions } from "./world.ts";

const USERS = 6;
const GROUPS = [
  { owner: 1, join: "open", historyForNewcomers: false },
  { owner: 2, join: "open", historyForNewcomers: true },
  { owner: 3, join: "approval", historyForNewcomers: false },
] as const;
const PACE_MS = 500;
const AWAY_MS = 6_000;
const LIMIT = 8;
const FRESH_LIMIT = 500;
/** Longer than any deadline, restart pause and lease. */
const CALM_MS = 35_000;
const LOOK_MS = 8_000;
const STATES = ["member", "invited", "asked", "left", "removed"] as const;
const ALL = 1_000;

/** One run of one schedule against nodes that chat, and what those saw who chatted there. */
export class ChatWorld implements AsyncDisposable {
  readonly timeline: Timeline;
  readonly network: Network;
  /** What kept the run from coming to its end. */
  readonly stuck: string[] = [];
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #database: Storage;
  readonly #fleet: Fleet<ChatGate>;
  readonly #devices: ChatDevice[] = [];
  readonly #fresh: ChatDevice[] = [];
  readonly #talkers: Talker[] = [];
  readonly #groups: readonly Group[] = GROUPS.map(({ owner }) => ({
    id: groupId(person(owner).id, `group-${owner}`),
    owner: person(owner).id,
  }));

  private constructor(schedule: Schedule, timeline: Timeline, database: Storage, wrap: WorldOptions["wrap"]) {
    this.#schedule = schedule;
    this.#random = new Random(schedule.seed + 1);
    this.timeline = timeline;
    this.#database = database;
    this.network = new Network(timeline, this.#random.fork(), schedule.network);
    this.#fleet = new Fleet<ChatGate>(schedule, {
      ...{ timeline, network: this.network, database, random: this.#random.fork() },
      committed: () => {},
      road: (bus, { clock }) => new RepeatingBus(bus, clock),
      furnish: (parts) => new ChatGate(parts),
      ended: ({ inside }) => inside.end(),
      ...(wrap === undefined ? {} : { wrap }),
    });
    for (let user = 1; user <= USERS; user++) this.#add(user);
  }

  static async open(schedule: Schedule, { wrap }: WorldOptions = {}): Promise<ChatWorld> {
    const timeline = new Timeline();
    const database = await openSqlite({ path: ":memory:", clock: () => trueTime(timeline) });
    for (let n = 1; n <= USERS; n++) await database.accounts.create(account(n, person(n)), 1);
    return new ChatWorld(schedule, timeline, database, wrap);
  }

  /** What people tried, answer by answer. */
  get answers(): string[] {
    return this.#talkers.flatMap(({ deeds }) =>
      deeds.flatMap(({ tries }) => tries.map(({ answer }) => answer ?? LOST))
    );
  }

  /** Goes through the schedule while all talk, then lets everything become well again. */
  async run(): Promise<void> {
    const { steps, lengthMs } = this.#schedule;
    this.#fleet.boot();
    for (const { at, step } of steps) this.timeline.after(at, () => this.#do(step));
    for (const device of this.#devices) device.goOnline();
    let living = this.#talkers.length;
    for (const [n, talker] of this.#talkers.entries()) void this.#live(n, talker).then(() => living--);
    await this.timeline.pass(lengthMs);
    this.#fleet.recover();
    for (const talker of this.#talkers) talker.stop();
    await this.timeline.pass(CALM_MS);
    if (living > 0) this.stuck.push(`${living} of ${this.#talkers.length} still wait for an answer`);
  }

  async tell(): Promise<Story> {
    const looked = lookAtAll(this.#devices);
    await this.timeline.pass(LOOK_MS);
    const conversations = await this.#stored();
    // The last word of all, lost by a broker that keeps its connections, is heard only by those who ask.
    const { loss, gossipMs } = this.#schedule.network;
    if (loss === 0 && gossipMs === 0) {
      const behind = behindOf(conversations, this.#devices, looked);
      for (const device of this.#devices) device.behind = behind.get(device) ?? [];
    }
    for (const device of this.#devices) device.refresh();
    for (let user = 1; user <= USERS; user++) {
      const device = this.#device(user, `${user}.new`, FRESH_LIMIT, true);
      this.#fresh.push(device);
      device.goOnline();
    }
    await this.timeline.pass(LOOK_MS);
    const devices = [...this.#devices, ...this.#fresh];
    for (const { settled, name } of devices) if (!settled) this.stuck.push(`${name} does not come to rest`);
    return {
      deeds: this.#talkers.flatMap(({ deeds }) => deeds),
      devices: devices.map(({ story }) => story),
      conversations,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fleet.kill();
    await this.#database[Symbol.asyncDispose]();
  }

  #do(step: Step): void {
    if (step.do !== "add" && step.do !== "arm" && step.do !== "crash") this.#fleet.hurt(step);
  }

  #add(user: number): void {
    const devices = Array.from(
      { length: user === 1 ? 2 : 1 },
      (_, n) => this.#device(user, `${user}.${n}`, LIMIT),
    );
    this.#devices.push(...devices);
    const users = Array.from({ length: USERS }, (_, n) => person(n + 1).id);
    this.#talkers.push(
      new Talker({
        ...{ devices, village: { users, groups: this.#groups }, clock: this.#clock },
        ...{ paceMs: PACE_MS, awayMs: AWAY_MS, failed: () => {} },
        chance: new Chance(this.#random.below(2 ** 31)),
      }),
    );
  }

  async #live(n: number, talker: Talker): Promise<void> {
    const group = GROUPS[n];
    if (group !== undefined) {
      const { owner, ...settings } = group;
      await talker.found(`group-${owner}`, settings);
    }
    await talker.live();
  }

  #device(user: number, name: string, limit: number, fresh = false): ChatDevice {
    const dial = this.#dial(user);
    return new ChatDevice({ name, user: person(user).id, dial, clock: this.#clock, limit, fresh });
  }

  /** Through a balancer that knows who is well. */
  #dial(user: number): Dial {
    const random = this.#random.fork();
    const delayMs = () => random.between(0.1, this.#schedule.network.delayMs);
    return async (hearer) => {
      await new Promise<void>((resolve) => this.timeline.after(delayMs(), resolve));
      const open = this.#fleet.open;
      if (open.length === 0) throw new CallFailed(LOST);
      return random.pick(open).inside.connect(user, hearer, this.timeline, delayMs);
    };
  }

  get #clock() {
    const { timeline } = this;
    return {
      monotonic: () => timeline.now,
      after: (ms: number, callback: () => void) => timeline.after(ms, callback),
    };
  }

  async #stored(): Promise<Map<string, Stored>> {
    const users = Array.from({ length: USERS }, (_, n) => person(n + 1).id);
    const pairs = users.flatMap((one, n) => users.slice(n + 1).map((other) => directId(one, other)));
    const found = new Map<string, Stored>();
    for (const id of [...pairs, ...this.#groups.map(({ id }) => id)]) {
      const range = { from: 1, to: Number.MAX_SAFE_INTEGER };
      const messages = await this.#database.messages.range(id, range, 100_000, "first");
      const pages = await Promise.all(
        STATES.map((state) => this.#database.memberships.page(id, state, { limit: ALL })),
      );
      const members = pages.flat().map(({ user, state, visibleFrom, readSeq }) => ({
        ...{ user: user.id, state, visibleFrom, readSeq },
      }));
      const kind = isDirectId(id) ? "direct" : "group";
      if (members.length > 0) found.set(id, { kind, messages, members });
    }
    return found;
  }
}
