import { SystemClock } from "actors/runtime/clock.ts";
import type { Reason } from "protocol/errors.ts";
import { Chance } from "tests/support/fuzz_frames.ts";
import type { Company, Finding } from "../company.ts";
import type { Message, Outcome } from "../history.ts";
import { behindOf, lookAtAll } from "./behind.ts";
import { checkChat } from "./checker.ts";
import { ChatDevice } from "./device.ts";
import { readRows } from "./postgres_rows.ts";
import { Pulse } from "./pulse.ts";
import { register, type Resident } from "./residents.ts";
import { dialSocket } from "./socket_line.ts";
import type { Deed, Stored, Story } from "./story.ts";
import { type Group, Talker } from "./talker.ts";

/** Cheap passwords, tokens for the longest run, and little in memory, so that much is read from the database. */
export const CHAT_ENV = {
  PASSWORD_MEMORY_KIB: 8_192,
  PASSWORD_ITERATIONS: 1,
  ACCESS_TOKEN_SECONDS: 36_000,
  SESSION_IDLE_MINUTES: 600,
  ACTOR_IDLE_MS: 10_000,
  CHAT_MEMORY_MESSAGES: 20,
} as const;

const PULSES = 6;
const USERS_PER_GROUP = 8;
const GROUPS_KNOWN = 5;
/** Of all together. */
const ACTS_PER_SECOND = 60;
const AWAY_MS = 4_000;
const LIMIT = 40;
const FRESH_LIMIT = 500;
const FRESH_AT_ONCE = 20;
const PATIENCE_MS = 60_000;
/** Whatever the bus has lost is made up for in this time, once all is well: nodes tell their sockets within 3 s. */
const MADE_UP_MS = 30_000;
const LOOK_MS = 100;

/** Answers that are no trouble but the rules of the chat, or what somebody did to himself. */
const RULES: ReadonlySet<string> = new Set([
  ...["forbidden", "blocked", "not_found", "conflict", "gone", "muted", "rate_limited", "lost"],
]);

export interface ChatCrowdOptions {
  readonly url: string;
  readonly databaseUrl: string;
  readonly users: number;
  readonly seed: number;
}

/** Hundreds who chat with each other, two by two and in groups, and a few whose words never cease. */
export class ChatCrowd implements Company {
  readonly rooms: readonly string[] = [];
  readonly failures = new Map<Reason, number>();
  readonly #options: ChatCrowdOptions;
  readonly #clock = new SystemClock();
  readonly #residents: readonly Resident[];
  readonly #devices: ChatDevice[] = [];
  readonly #talkers: Talker[] = [];
  readonly #pulses: Pulse[] = [];
  #lives: Promise<void>[] = [];

  private constructor(options: ChatCrowdOptions, residents: readonly Resident[]) {
    this.#options = options;
    this.#residents = residents;
  }

  static async gather(options: ChatCrowdOptions): Promise<ChatCrowd> {
    const { url, users, seed } = options;
    const residents = await register(url, users + PULSES * 2);
    const crowd = new ChatCrowd(options, residents);
    await crowd.#settleIn(residents.slice(PULSES * 2), new Chance(seed));
    for (let n = 0; n < PULSES; n++) {
      const [speaker, listener] = [residents[n * 2]!, residents[n * 2 + 1]!];
      const talkers = [
        crowd.#talkerOf(speaker, [], [], seed),
        crowd.#talkerOf(listener, [], [], seed),
      ] as const;
      crowd.#pulses.push(await Pulse.start(n, ...talkers, crowd.#clock));
    }
    crowd.#lives = crowd.#talkers.map((talker) => talker.live());
    return crowd;
  }

  /** Of each kind of deed, how many were done, and how many were acked. */
  get summary(): string {
    const kinds = Map.groupBy(this.#deeds, ({ act }) => act.what);
    return [...kinds].map(([what, deeds]) => {
      const acked = deeds.filter(({ tries }) => tries.some(({ answer }) => answer === "ok")).length;
      return `${what} ${acked}/${deeds.length}`;
    }).join(", ");
  }

  get steady(): readonly Message[] {
    return this.#pulses.flatMap(({ talker }) => messagesOf(talker.deeds));
  }

  get messages(): readonly Message[] {
    return [...this.steady, ...this.#talkers.flatMap(({ deeds }) => messagesOf(deeds))];
  }

  get seen(): number {
    return this.#devices.reduce((sum, { seen }) => sum + seen, 0);
  }

  async untilAcked(patienceMs = PATIENCE_MS): Promise<void> {
    const since = performance.now();
    const silent = () => this.#pulses.filter(({ ackedAt }) => ackedAt < since);
    await this.#until(() => silent().length === 0, patienceMs);
    if (silent().length > 0) {
      throw new Error(`Cannot see an ack in ${silent().length} conversations in ${patienceMs} ms`);
    }
  }

  async judge(): Promise<readonly Finding[]> {
    for (const talker of [...this.#talkers, ...this.#pulses]) talker.stop();
    await Promise.all([...this.#lives, ...this.#pulses.map(({ done }) => done)]);
    for (const device of this.#devices) device.goOnline();
    const conversations = await readRows(this.#options.databaseUrl);
    await this.#lookBehind(conversations);
    for (const device of this.#devices) device.refresh();
    await this.#until(() => this.#devices.every(({ settled }) => settled), PATIENCE_MS);
    const fresh = await this.#freshDevices();
    const story: Story = {
      deeds: this.#deeds,
      devices: [...this.#devices, ...fresh].map((device) => device.story),
      conversations,
    };
    return checkChat(story);
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.#devices) device.goOffline();
    this.#clock[Symbol.dispose]();
    return Promise.resolve();
  }

  get #deeds(): readonly Deed[] {
    return [...this.#talkers, ...this.#pulses.flatMap(({ talkers }) => talkers)].flatMap(({ deeds }) =>
      deeds
    );
  }

  async #settleIn(residents: readonly Resident[], chance: Chance): Promise<void> {
    const groups: Group[] = [];
    const users = residents.map(({ id }) => id);
    const founders = Math.ceil(residents.length / USERS_PER_GROUP);
    for (const [n, resident] of residents.entries()) {
      const known: Group[] = [];
      const talker = this.#talkerOf(resident, users, known, chance.below(2 ** 31), n % 4 === 0 ? 2 : 1);
      this.#talkers.push(talker);
      if (n < founders) {
        const join = n % 4 === 3 ? "approval" : "open";
        groups.push(
          await talker.found(`group ${n}`.replace(" ", "-"), { join, historyForNewcomers: n % 2 === 0 }),
        );
        known.push(groups.at(-1)!);
      }
      for (let more = 0; more < GROUPS_KNOWN; more++) known.push(chance.of(groups));
    }
  }

  #talkerOf(
    { id, name, token }: Resident,
    users: readonly string[],
    groups: readonly Group[],
    seed: number,
    count = 1,
  ): Talker {
    const { url } = this.#options;
    const devices = Array.from(
      { length: count },
      (_, n) => this.#device(id, `${name}.${n}`, token, url, LIMIT),
    );
    this.#devices.push(...devices);
    for (const device of devices) device.goOnline();
    return new Talker({
      devices,
      village: { users, groups },
      chance: new Chance(seed),
      clock: this.#clock,
      paceMs: this.#options.users * 1_000 / ACTS_PER_SECOND,
      awayMs: AWAY_MS,
      failed: (reason) => {
        if (RULES.has(reason)) return;
        this.failures.set(reason as Reason, (this.failures.get(reason as Reason) ?? 0) + 1);
      },
    });
  }

  #device(user: string, name: string, token: string, url: string, limit: number, fresh = false): ChatDevice {
    const dial = dialSocket(`${url.replace("http", "ws")}/v1/ws`, token);
    return new ChatDevice({ name, user, dial, clock: this.#clock, limit, fresh });
  }

  /** Who does not come to know the last of all that was said, although nothing more is said, has been left behind. */
  async #lookBehind(conversations: ReadonlyMap<string, Stored>): Promise<void> {
    const looked = lookAtAll(this.#devices);
    await this.#until(() => behindOf(conversations, this.#devices, looked).size === 0, MADE_UP_MS);
    const behind = behindOf(conversations, this.#devices, looked);
    for (const device of this.#devices) device.behind = behind.get(device) ?? [];
  }

  /** What somebody is shown who comes with a new device when all is over. */
  async #freshDevices(): Promise<ChatDevice[]> {
    const all: ChatDevice[] = [];
    for (let start = 0; start < this.#residents.length; start += FRESH_AT_ONCE) {
      const some = this.#residents.slice(start, start + FRESH_AT_ONCE).map(({ id, name, token }) =>
        this.#device(id, `${name}.new`, token, this.#options.url, FRESH_LIMIT, true)
      );
      for (const device of some) device.goOnline();
      await this.#until(() => some.every(({ settled }) => settled), PATIENCE_MS);
      for (const device of some) device.goOffline();
      all.push(...some);
    }
    return all;
  }

  async #until(condition: () => boolean, patienceMs: number): Promise<void> {
    for (const end = performance.now() + patienceMs; !condition() && performance.now() < end;) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

/** What was sent, as the measures of the suite know it. */
function messagesOf(deeds: readonly Deed[]): Message[] {
  return deeds.flatMap(({ user, conversation, act, tries }, n) => {
    const [first] = tries;
    if (act.what !== "send" || first === undefined) return [];
    return [{
      sender: user,
      room: conversation,
      place: n,
      text: act.text,
      at: first.at,
      sendings: tries.map(({ at, answer, answeredAt }) => ({ socket: 0, at, answer, answeredAt })),
      outcome: outcomeOf(tries),
    }];
  });
}

function outcomeOf(tries: Deed["tries"]): Outcome {
  const acked = tries.find(({ answer }) => answer === "ok");
  if (acked !== undefined) return { kind: "acked", at: acked.answeredAt ?? acked.at };
  const reason = tries.at(-1)?.answer;
  return reason === undefined ? { kind: "open" } : { kind: "refused", reason };
}
