import { deepEqual, equal, ok } from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { RoomLimits } from "actors/room/limits.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Item } from "protocol/items.ts";
import type { Joined } from "protocol/rooms.ts";
import type { ItemRecord } from "storage/storage.ts";
import {
  OWNER,
  person,
  RoomStage,
  type StageProcess,
  viewer,
  type Watcher,
} from "tests/support/room_stage.ts";

export type Step =
  | { readonly kind: "say"; readonly user: number; readonly text: number; readonly named: boolean }
  | { readonly kind: "retry"; readonly which: number }
  | { readonly kind: "join"; readonly at: number; readonly oldEpoch: boolean }
  | { readonly kind: "pass"; readonly ms: number }
  /** A little of what is under way goes on. */
  | { readonly kind: "hop"; readonly hops: number }
  | { readonly kind: "fault"; readonly fault: "refuse" | "lose_answer" }
  | { readonly kind: "crash" }
  | { readonly kind: "passivate" };

/** Refused before anything could have been stored. */
const HARMLESS = new Set(["rate_limited"]);

/** One danmaku as its sender sees it, however often it is sent. */
interface Said {
  readonly user: number;
  readonly text: string;
  readonly id: string | undefined;
  acked: boolean;
  /** At least one attempt may have been stored. */
  possible: boolean;
}

interface Resumed {
  readonly offset: number;
  readonly joined: Joined;
}

export const MODEL_LIMITS = {
  memoryItems: 8,
  recentItems: 3,
  recoverMaxItems: 10,
  frameItems: 4,
  pendingMax: 12,
} satisfies Partial<RoomLimits>;

/** A room under all kinds of trouble, and what its users have seen of it. */
export class RoomModel {
  readonly #stage: RoomStage;
  readonly #watcher: Watcher;
  readonly #said: Said[] = [];
  readonly #resumed: Resumed[] = [];
  #process: StageProcess;
  #head = 0;
  #epoch = 0;

  private constructor(stage: RoomStage, process: StageProcess, watcher: Watcher) {
    this.#stage = stage;
    this.#process = process;
    this.#watcher = watcher;
  }

  static async run(steps: readonly Step[], seed: number): Promise<void> {
    const options = { room: MODEL_LIMITS, runtime: { idleMs: 2_000 }, seed };
    const { stage, process } = await RoomStage.withRoom(options);
    await using _ = stage;
    const model = new RoomModel(stage, process, await stage.watch());
    for (const step of steps) await model.#take(step);
    await model.#finish();
    await model.#check();
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case "say": {
        const id = step.named ? `id-${this.#said.length}` : undefined;
        const said = { user: step.user, text: `text ${step.text}`, id, acked: false, possible: false };
        this.#said.push(said);
        this.#send(said);
        return;
      }
      case "retry": {
        const named = this.#said.filter(({ id }) => id !== undefined);
        const said = named[step.which % Math.max(1, named.length)];
        if (said !== undefined) this.#send(said);
        return;
      }
      case "join":
        return this.#join(Math.floor(step.at * (this.#head + 2)), step.oldEpoch ? 0 : this.#epoch);
      case "pass":
        return await this.#stage.pass(step.ms);
      case "hop":
        for (let hop = 0; hop < step.hops; hop++) await setImmediate();
        return;
      case "fault":
        return this.#process.storage.faultNext({ kind: step.fault, error: new BarrageError("timeout") });
      case "crash":
        this.#process = await this.#stage.restart(this.#process);
        return;
      case "passivate":
        return await this.#stage.jump(3_000);
      default:
        step satisfies never;
    }
  }

  #send(said: Said): Promise<void> {
    said.possible = true;
    const before = { ...said };
    return this.#process.say(viewer(said.user), said.text, said.id).then(
      () => {
        said.acked = true;
      },
      (error) => {
        if (!(error instanceof BarrageError)) throw error;
        if (HARMLESS.has(error.reason) && said.id === undefined) said.possible = before.acked;
      },
    );
  }

  #join(offset: number, epoch: number): void {
    this.#process.room(OWNER).join({ resume: { epoch, offset } }).then((joined) => {
      ok(joined.offset >= this.#head, "the head has gone back");
      ok(joined.epoch >= this.#epoch, "the epoch has gone back");
      this.#head = joined.offset;
      this.#epoch = joined.epoch;
      this.#resumed.push({ offset, joined });
    }, (error) => ok(error instanceof BarrageError));
  }

  /** Whatever carries an id is sent until it is acknowledged, as a client does. */
  async #finish(): Promise<void> {
    await this.#stage.pass(10_000);
    for (let round = 0; round < 50; round++) {
      const open = this.#said.filter(({ id, acked }) => id !== undefined && !acked);
      if (open.length === 0) break;
      for (const said of open) this.#send(said);
      await this.#stage.pass(1_000);
    }
    this.#join(0, this.#epoch);
    await this.#stage.settle();
  }

  async #check(): Promise<void> {
    const stored = await this.#stage.stored();
    const items = stored.map(({ item }) => item);
    checkOrder(stored);
    this.#checkCounts(stored);
    const byOffset = new Map(items.map((item) => [item.offset, item]));
    const published = this.#watcher.items;
    for (const item of published) deepEqual(item, byOffset.get(item.offset));
    ok(isGrowing(published.map(({ offset }) => offset)), "an item was published twice or out of order");
    ok(this.#resumed.length > 0, "nobody has joined");
    for (const { offset, joined } of this.#resumed) checkResumed(offset, joined, items);
  }

  #checkCounts(stored: readonly ItemRecord[]): void {
    const named = stored.flatMap(({ said }) => said.map(([user, id]) => `${user} ${id}`));
    equal(new Set(named).size, named.length, "something said once was stored twice");
    const expected = this.#said.filter(({ id }) => id !== undefined)
      .map(({ user, id }) => `${person(user).id} ${id}`);
    deepEqual([...named].sort(), [...expected].sort());
    for (const text of new Set(this.#said.map(({ text }) => text))) {
      const mine = this.#said.filter((said) => said.text === text);
      const count = sum(stored.map(({ item }) => item).filter((item) => item.text === text));
      const acked = mine.filter(({ acked }) => acked).length;
      const possible = mine.filter(({ possible }) => possible).length;
      ok(
        acked <= count && count <= possible,
        `${text}: ${acked} acked, ${count} stored, ${possible} possible`,
      );
    }
  }
}

function sum(items: readonly Item[]): number {
  return items.reduce((total, { count }) => total + count, 0);
}

function isGrowing(numbers: readonly number[]): boolean {
  return numbers.every((n, index) => index === 0 || n > numbers[index - 1]!);
}

function checkOrder(stored: readonly ItemRecord[]): void {
  deepEqual(stored.map(({ item }) => item.offset), stored.map((_, index) => index + 1));
  let total = 0;
  for (const record of stored) equal(record.total, total += record.item.count);
}

function checkResumed(offset: number, joined: Joined, items: readonly Item[]): void {
  const { recentItems, recoverMaxItems } = MODEL_LIMITS;
  const before = items.slice(0, joined.offset);
  if (offset > joined.offset) {
    deepEqual([joined.recovered, joined.dropped], [false, undefined]);
    return deepEqual(joined.recent, before.slice(-recentItems));
  }
  const missed = before.slice(offset);
  equal(joined.recovered, missed.length <= recoverMaxItems);
  deepEqual(joined.recent, joined.recovered ? missed : missed.slice(-recentItems));
  equal(sum(joined.recent) + (joined.dropped?.say ?? 0), sum(missed));
}
