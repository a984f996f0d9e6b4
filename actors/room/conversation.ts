import { BarrageError } from "protocol/errors.ts";
import type { Item } from "protocol/items.ts";
import type { Joined, MessagePage, Position, RoomSettings, Say } from "protocol/rooms.ts";
import type { User } from "protocol/users.ts";
import type { z } from "zod";
import type { Self } from "actors/runtime/behaviour.ts";
import type { Call } from "actors/runtime/call.ts";
import { CommitFailed } from "actors/runtime/incarnation.ts";
import { hash32 } from "actors/runtime/shard.ts";
import type { ItemRecord, RoomRecord, RoomStore, Write } from "storage/storage.ts";
import { AttendanceBook } from "./attendance.ts";
import type { Attendance } from "./definition.ts";
import type { RoomDirectory } from "./directory.ts";
import { type FrameFacts, framesOf } from "./frames.ts";
import type { RoomLimits } from "./limits.ts";
import { RecentItems } from "./recent_items.ts";
import { recover } from "./recovery.ts";
import { SaidIds } from "./said_ids.ts";
import { Speakers } from "./speakers.ts";
import { TickCollector } from "./tick_collector.ts";

export type SayCall = Call<z.output<typeof Say>, { accepted: true }>;

const ACCEPTED = { accepted: true } as const;
const TRIM_EVERY_MS = 3_600_000;
/** A changed online count alone is worth a frame this often. */
const LIVE_EVERY_MS = 1_000;
const encoder = new TextEncoder();

export interface ConversationPorts {
  readonly rooms: RoomStore;
  readonly directory: RoomDirectory;
  readonly limits: RoomLimits;
}

/** Told of what was said, once it is stored. */
export type OnSaid = (records: readonly ItemRecord[]) => void;

/**
 * What is said in one room, and who is there to hear it: danmaku wait for the tick, are stored, published and then
 * acknowledged. Who may speak, and whether the room is live, its room has checked before.
 */
export class Conversation {
  readonly #self: Self;
  readonly #ports: ConversationPorts;
  readonly #onSaid: OnSaid;
  #head = 0;
  #total = 0;
  readonly #recent: RecentItems;
  readonly #said: SaidIds;
  readonly #speakers: Speakers;
  readonly #attendance = new AttendanceBook();
  readonly #tick = new TickCollector();
  /** Calls whose danmaku wait for the tick, by user and client id; a retry meanwhile waits for the same tick. */
  readonly #waiting = new Map<string, SayCall[]>();
  #planned: { readonly at: number; readonly cancel: () => void } | undefined;
  #lastTickAt = -Infinity;
  #lastLiveAt = -Infinity;
  #publishedOnline = 0;
  #countedOnline = 0;
  #trimArmed = false;

  constructor(self: Self, ports: ConversationPorts, onSaid: OnSaid) {
    this.#self = self;
    this.#ports = ports;
    this.#onSaid = onSaid;
    const { memoryItems, saidIds, speakersMax } = ports.limits;
    this.#recent = new RecentItems(memoryItems);
    this.#said = new SaidIds(saidIds.maxCount, saidIds.maxAgeMs);
    this.#speakers = new Speakers(speakersMax);
  }

  async restore({ head, total }: RoomRecord): Promise<void> {
    const { rooms, limits } = this.#ports;
    const { key, clock } = this.#self;
    const records = await rooms.itemsTail(key, limits.memoryItems);
    this.#recent.push(records);
    this.#head = Math.max(head, this.#recent.last?.item.offset ?? 0);
    this.#total = Math.max(total, this.#recent.last?.total ?? 0);
    await this.#said.restore(key, records, rooms, clock.monotonic());
    // Whoever has viewers tells the new owner now; a count before all have would be too low to show.
    this.#self.publish("activated", encoder.encode("{}"));
    this.#lastLiveAt = clock.monotonic();
  }

  get online(): number {
    return this.#attendance.online(this.#self.clock.monotonic());
  }

  async join(resume: Position | undefined): Promise<Joined> {
    const { rooms, limits } = this.#ports;
    const { epoch, key } = this.#self;
    const head = { id: key, epoch, offset: this.#head, total: this.#total };
    const recovered = await recover(resume, head, this.#recent, rooms, limits);
    return { epoch, offset: head.offset, online: this.online, ...recovered };
  }

  async page(after: number, limit: number): Promise<z.infer<typeof MessagePage>> {
    const items = this.#recent.after(after, limit) ??
      (await this.#ports.rooms.itemsAfter(this.#self.key, after, limit)).map(({ item }) => item);
    const last = items.at(-1)?.offset;
    return { items, ...(last !== undefined && last < this.#head ? { next: last } : {}) };
  }

  attend({ node, viewers, tickMs }: z.output<typeof Attendance>): Position & { online: number } {
    const { key, epoch, clock } = this.#self;
    const now = clock.monotonic();
    this.#attendance.report(node, viewers, tickMs, now);
    const { online } = this;
    if (online !== this.#countedOnline) {
      this.#countedOnline = online;
      this.#ports.directory.counted(key, online);
      this.#self.publish("counted", encoder.encode(JSON.stringify({ online })));
    }
    if (online !== this.#publishedOnline) {
      this.#planTick(Math.max(0, this.#lastLiveAt + LIVE_EVERY_MS - now));
    }
    return { epoch, offset: this.#head, online };
  }

  /** Answers a call that repeats what was said already, or lets it wait with the first one; false when it is new. */
  repeats(call: SayCall, user: User): boolean {
    const id = idOf(call);
    if (id === undefined) return false;
    if (this.#said.has(user.id, id)) {
      call.reply(ACCEPTED);
      return true;
    }
    const waiting = this.#waiting.get(`${user.id} ${id}`);
    waiting?.push(call);
    if (waiting !== undefined) call.hold();
    return waiting !== undefined;
  }

  /** @throws {BarrageError} `overloaded`, `rate_limited`. */
  take(call: SayCall, user: User, settings: RoomSettings): void {
    if (this.#tick.count >= this.#ports.limits.pendingMax) {
      throw new BarrageError("overloaded", "Too many danmaku wait for the next tick", {
        retryAfterMs: this.#tickMs(),
      });
    }
    const retryAfterMs = this.#speakers.take(user.id, settings, this.#self.clock.monotonic());
    if (retryAfterMs > 0) {
      throw new BarrageError("rate_limited", "You speak too fast for this room", { retryAfterMs });
    }
    const id = idOf(call);
    const { text, style } = call.input;
    this.#tick.add({ user, text, style, clientId: id });
    this.#waiting.set(id === undefined ? `#${this.#waiting.size}` : `${user.id} ${id}`, [call]);
    call.hold();
  }

  /** The first danmaku after a quiet moment goes out at once; under load everything waits for the tick. */
  async proceed(): Promise<void> {
    if (this.#tick.count === 0) return;
    const wait = this.#lastTickAt + this.#tickMs() - this.#self.clock.monotonic();
    if (wait <= 0) await this.flush();
    else this.#planTick(wait);
  }

  async tick(): Promise<void> {
    this.#planned?.cancel();
    this.#planned = undefined;
    if (this.#tick.count > 0) await this.flush();
    else if (this.online !== this.#publishedOnline) this.#publish([]);
  }

  /** Stores what was said, then publishes it, then answers: nobody sees or is promised what a crash could take back. */
  async flush(): Promise<void> {
    if (this.#tick.count === 0) return;
    const { clock, ids, key } = this.#self;
    const now = clock.now();
    const records = this.#tick.take(this.#head, this.#total, now, () => ids.next());
    const writes: Write[] = [this.#ports.rooms.append(key, records)];
    if (!this.#trimArmed) writes.push(this.#trimTimer(now));
    try {
      await this.#self.commit(writes);
    } catch (error) {
      this.#tellWaiting(error);
      throw error;
    }
    this.#trimArmed = true;
    this.#lastTickAt = clock.monotonic();
    this.#remember(records);
    this.#publish(records);
    for (const calls of this.#waiting.values()) for (const call of calls) call.reply(ACCEPTED);
    this.#waiting.clear();
    this.#onSaid(records);
  }

  /** What the assistant says goes with the next tick; it is bound by no rate, as it speaks only when asked. */
  async speak(user: User, text: string, clientId: string): Promise<void> {
    if (this.#said.has(user.id, clientId)) return;
    this.#tick.add({ user, text, style: undefined, clientId, assistant: true });
    await this.proceed();
  }

  /** The newest items in memory, ascending. */
  recent(limit: number): readonly Item[] {
    return this.#recent.tail(limit);
  }

  /** The end is a frame of its own. */
  end(): void {
    this.#publish([], "ended");
  }

  clear(): void {
    this.#recent.clear();
  }

  /** Forgets what is older than the retention; what has to be written with it. */
  trim(): Write[] {
    const { rooms, limits } = this.#ports;
    const now = this.#self.clock.now();
    const before = now - limits.retentionMs;
    const write = rooms.trim(this.#self.key, before, this.#head, this.#total);
    this.#recent.trim(before);
    // A quiet room whose items are all gone needs no further timer; the next danmaku arms it again.
    this.#trimArmed = this.#recent.last !== undefined;
    return this.#trimArmed ? [write, this.#trimTimer(now)] : [write];
  }

  /** The store's own word, where it has one, tells more than that the room restarts: overloaded, or outcome unknown. */
  #tellWaiting(error: unknown): void {
    if (!(error instanceof CommitFailed) || error.error.reason === "internal") return;
    for (const calls of this.#waiting.values()) for (const call of calls) call.fail(error.error);
  }

  #remember(records: readonly ItemRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    this.#head = last.item.offset;
    this.#total = last.total;
    this.#recent.push(records);
    this.#said.remember(records, this.#self.clock.monotonic());
  }

  #publish(records: readonly ItemRecord[], state?: "ended"): void {
    const { key, epoch, clock } = this.#self;
    const { online } = this;
    const facts: FrameFacts = {
      ...(online === this.#publishedOnline ? {} : { live: { online } }),
      ...(state === undefined ? {} : { state }),
    };
    if (facts.live !== undefined) this.#lastLiveAt = clock.monotonic();
    this.#publishedOnline = online;
    const position = { room: key, epoch, head: this.#head };
    for (const { frame, headers } of framesOf(position, records, facts, this.#ports.limits.frameItems)) {
      this.#self.publish("frame", encoder.encode(JSON.stringify(frame)), headers);
    }
  }

  #planTick(ms: number): void {
    const now = this.#self.clock.monotonic();
    const at = now + ms;
    // A tick of the past that has not come by now may have been lost behind a slow turn.
    if (this.#planned !== undefined && this.#planned.at >= now && this.#planned.at <= at) return;
    this.#planned?.cancel();
    this.#planned = { at, cancel: this.#self.after(ms, "tick", {}) };
  }

  #tickMs(): number {
    const { tickMs, tickMaxMs } = this.#ports.limits;
    return this.#attendance.tickMs(tickMs, tickMaxMs, this.#self.clock.monotonic());
  }

  /** Due at this room's own minute of the hour: setting it again, as every restart of the room does, puts nothing off. */
  #trimTimer(now: number): Write {
    const sinceLast = (now - hash32(this.#self.key) % TRIM_EVERY_MS) % TRIM_EVERY_MS;
    return this.#self.setTimer("trim", now - sinceLast + TRIM_EVERY_MS, "trim", {});
  }
}

/** From another node a command comes with an id of its own, and perhaps again after this node's end. */
function idOf({ input, facts }: SayCall): string | undefined {
  return input.id ?? facts.id;
}
