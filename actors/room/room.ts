import { BarrageError } from "protocol/errors.ts";
import {
  type CreateRoom,
  DEFAULT_ROOM_SETTINGS,
  type Joined,
  type MessagePage,
  type Position,
  type Room as RoomView,
  type Say,
  type UpdateRoom,
} from "protocol/rooms.ts";
import { codePoints } from "protocol/text.ts";
import type { z } from "zod";
import type { Behaviour, Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import type { Call } from "actors/runtime/call.ts";
import { CommitFailed } from "actors/runtime/incarnation.ts";
import { hash32 } from "actors/runtime/shard.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { ItemRecord, RoomPatch, RoomRecord, RoomStore, Write } from "storage/storage.ts";
import { AttendanceBook } from "./attendance.ts";
import type { Attendance, RoomVerbs } from "./definition.ts";
import type { RoomDirectory } from "./directory.ts";
import { type FrameFacts, framesOf } from "./frames.ts";
import type { RoomLimits } from "./limits.ts";
import { authorize } from "./permissions.ts";
import { RecentItems } from "./recent_items.ts";
import { recover } from "./recovery.ts";
import { SaidIds } from "./said_ids.ts";
import { Speakers } from "./speakers.ts";
import { TickCollector } from "./tick_collector.ts";

type SayCall = Call<z.output<typeof Say>, { accepted: true }>;

const ACCEPTED = { accepted: true } as const;
const TRIM_EVERY_MS = 3_600_000;
/** A changed online count alone is worth a frame this often. */
const LIVE_EVERY_MS = 1_000;
const encoder = new TextEncoder();
const NOTHING = encoder.encode("{}");

export interface RoomPorts {
  readonly rooms: RoomStore;
  readonly directory: RoomDirectory;
  readonly limits: RoomLimits;
  readonly drops: Drops;
}

export function roomFactory(ports: RoomPorts): Factory<RoomVerbs> {
  return (self) => new Room(self, ports);
}

class Room implements Behaviour<RoomVerbs> {
  readonly #self: Self;
  readonly #ports: RoomPorts;
  #record: RoomRecord | undefined;
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

  constructor(self: Self, ports: RoomPorts) {
    this.#self = self;
    this.#ports = ports;
    const { memoryItems, saidIds, speakersMax } = ports.limits;
    this.#recent = new RecentItems(memoryItems);
    this.#said = new SaidIds(saidIds.maxCount, saidIds.maxAgeMs);
    this.#speakers = new Speakers(speakersMax);
  }

  async onActivate(): Promise<void> {
    const { rooms, limits, directory } = this.#ports;
    const { key, epoch, clock } = this.#self;
    this.#record = await rooms.acquire(key, epoch);
    if (this.#record === undefined) return;
    if (this.#record.state !== "live") directory.closed(key, this.#record.state);
    const records = await rooms.itemsTail(key, limits.memoryItems);
    this.#recent.push(records);
    this.#head = Math.max(this.#record.head, this.#recent.last?.item.offset ?? 0);
    this.#total = Math.max(this.#record.total, this.#recent.last?.total ?? 0);
    await this.#said.restore(key, records, rooms, clock.monotonic());
    // Whoever has viewers tells the new owner now; a count before all have would be too low to show.
    this.#self.publish("activated", NOTHING);
    this.#lastLiveAt = clock.monotonic();
  }

  async onPassivate(): Promise<void> {
    if (this.#tick.count > 0) await this.#flush();
  }

  onEnd(): void {
    this.#ports.directory.counted(this.#self.key, 0);
  }

  async create(input: z.output<typeof CreateRoom>, turn: Turn): Promise<RoomView> {
    authorize("create", turn.caller, undefined);
    if (this.#record !== undefined) throw new BarrageError("conflict", "The room exists already");
    if (turn.caller.kind !== "user") throw new BarrageError("forbidden");
    const record: RoomRecord = {
      id: this.#self.key,
      title: input.title,
      owner: turn.caller.user,
      state: "live",
      settings: mergeSettings(DEFAULT_ROOM_SETTINGS, input.settings),
      createdAt: this.#self.clock.now(),
      head: 0,
      total: 0,
    };
    const created = await this.#ports.rooms.create(record, this.#self.epoch);
    if (!created) throw new BarrageError("conflict", "The room exists already");
    this.#record = record;
    this.#ports.directory.opened(record.id);
    this.#self.publish("opened", NOTHING);
    return this.#view(record);
  }

  info(_input: unknown, turn: Turn): RoomView {
    const record = this.#present();
    authorize("info", turn.caller, record.owner.id);
    return this.#view(record);
  }

  async update(input: z.output<typeof UpdateRoom>, turn: Turn): Promise<RoomView> {
    const record = this.#present();
    authorize("update", turn.caller, record.owner.id);
    if (record.state !== "live") throw new BarrageError("gone", "The room has ended");
    const patch: RoomPatch = {
      ...(input.title === undefined ? {} : { title: input.title }),
      ...(input.settings === undefined ? {} : { settings: mergeSettings(record.settings, input.settings) }),
      ...(input.state === undefined ? {} : { state: input.state, endedAt: this.#self.clock.now() }),
    };
    await this.#change(record, patch, []);
    return this.#view(this.#present());
  }

  async remove(_input: unknown, turn: Turn): Promise<Record<string, never>> {
    const record = this.#present();
    authorize("remove", turn.caller, record.owner.id);
    const { rooms } = this.#ports;
    await this.#change(record, { state: "deleted", endedAt: record.endedAt ?? this.#self.clock.now() }, [
      rooms.erase(record.id),
      this.#self.cancelTimer("trim"),
    ]);
    this.#recent.clear();
    return {};
  }

  async join({ resume }: { resume?: Position | undefined }, turn: Turn): Promise<Joined> {
    const record = this.#open();
    authorize("join", turn.caller, record.owner.id);
    const { rooms, limits } = this.#ports;
    const { epoch } = this.#self;
    const head = { id: record.id, epoch, offset: this.#head, total: this.#total };
    const recovered = await recover(resume, head, this.#recent, rooms, limits);
    return { epoch, offset: head.offset, online: this.#online, ...recovered };
  }

  async say(calls: readonly SayCall[]): Promise<void> {
    const now = this.#self.clock.monotonic();
    for (const call of calls) {
      try {
        this.#accept(call, now);
      } catch (error) {
        const refusal = BarrageError.from(error);
        this.#ports.drops.count("room", refusal.reason);
        call.fail(refusal);
      }
    }
    if (this.#tick.count === 0) return;
    const wait = this.#lastTickAt + this.#tickMs() - now;
    // The first danmaku after a quiet moment goes out at once; under load everything waits for the tick.
    if (wait <= 0) await this.#flush();
    else this.#planTick(wait);
  }

  async messages(
    { after, limit }: { after: number; limit: number },
    turn: Turn,
  ): Promise<z.infer<typeof MessagePage>> {
    const record = this.#present();
    authorize("messages", turn.caller, record.owner.id);
    const items = this.#recent.after(after, limit) ??
      (await this.#ports.rooms.itemsAfter(record.id, after, limit)).map(({ item }) => item);
    const last = items.at(-1)?.offset;
    return { items, ...(last !== undefined && last < this.#head ? { next: last } : {}) };
  }

  attend({ node, viewers, tickMs }: z.output<typeof Attendance>, turn: Turn): Position & { online: number } {
    const record = this.#present();
    authorize("attend", turn.caller, record.owner.id);
    const now = this.#self.clock.monotonic();
    this.#attendance.report(node, viewers, tickMs, now);
    const online = this.#online;
    if (online !== this.#countedOnline) {
      this.#countedOnline = online;
      this.#ports.directory.counted(record.id, online);
      this.#self.publish("counted", encoder.encode(JSON.stringify({ online })));
    }
    if (online !== this.#publishedOnline) {
      this.#planTick(Math.max(0, this.#lastLiveAt + LIVE_EVERY_MS - now));
    }
    return { epoch: this.#self.epoch, offset: this.#head, online };
  }

  async tick(_input: unknown, turn: Turn): Promise<Record<string, never>> {
    authorize("tick", turn.caller, this.#record?.owner.id);
    this.#unplanTick();
    if (this.#tick.count > 0) await this.#flush();
    else if (this.#online !== this.#publishedOnline) this.#publish([]);
    return {};
  }

  async trim(_input: unknown, turn: Turn): Promise<Record<string, never>> {
    const record = this.#present();
    authorize("trim", turn.caller, record.owner.id);
    const now = this.#self.clock.now();
    const { rooms, limits } = this.#ports;
    const before = now - limits.retentionMs;
    const writes = [rooms.trim(record.id, before, this.#head, this.#total)];
    this.#recent.trim(before);
    // A quiet room whose items are all gone needs no further timer; the next danmaku arms it again.
    this.#trimArmed = this.#recent.last !== undefined;
    if (this.#trimArmed) writes.push(this.#trimTimer(now));
    await this.#self.commit(writes);
    return {};
  }

  #accept(call: SayCall, now: number): void {
    const record = this.#open();
    const { caller, input } = call;
    const role = authorize("say", caller, record.owner.id);
    if (caller.kind !== "user") throw new BarrageError("forbidden");
    const { settings } = record;
    if (role === "guest" && !settings.guestsMaySay) {
      throw new BarrageError("forbidden", "Guests may not speak here");
    }
    if (codePoints(input.text) > settings.textMax) {
      const why = `Text is longer than the ${settings.textMax} characters of this room`;
      throw new BarrageError("invalid_params", why, { path: "params.text" });
    }
    const { user } = caller;
    // From another node a command comes with an id of its own, and perhaps again after this node's end.
    const id = input.id ?? call.facts.id;
    if (id !== undefined && this.#said.has(user.id, id)) return call.reply(ACCEPTED);
    const waiting = id === undefined ? undefined : this.#waiting.get(`${user.id} ${id}`);
    if (waiting !== undefined) {
      waiting.push(call);
      return call.hold();
    }
    const { limits } = this.#ports;
    if (this.#tick.count >= limits.pendingMax) {
      throw new BarrageError("overloaded", "Too many danmaku wait for the next tick", {
        retryAfterMs: this.#tickMs(),
      });
    }
    const retryAfterMs = this.#speakers.take(user.id, settings, now);
    if (retryAfterMs > 0) {
      throw new BarrageError("rate_limited", "You speak too fast for this room", { retryAfterMs });
    }
    this.#tick.add({ user, text: input.text, style: input.style, clientId: id });
    this.#waiting.set(id === undefined ? `#${this.#waiting.size}` : `${user.id} ${id}`, [call]);
    call.hold();
  }

  /** Stores what was said, then publishes it, then answers: nobody sees or is promised what a crash could take back. */
  async #flush(): Promise<void> {
    const { clock, ids } = this.#self;
    const now = clock.now();
    const records = this.#tick.take(this.#head, this.#total, now, () => ids.next());
    const writes: Write[] = [this.#ports.rooms.append(this.#self.key, records)];
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
    const online = this.#online;
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

  async #change(record: RoomRecord, patch: RoomPatch, writes: readonly Write[]): Promise<void> {
    if (this.#tick.count > 0) await this.#flush();
    await this.#self.commit([this.#ports.rooms.update(record.id, patch), ...writes]);
    this.#record = { ...record, ...patch };
    if (patch.state === undefined || patch.state === "live") return;
    this.#ports.directory.closed(record.id, patch.state);
    this.#publish([], "ended");
  }

  #planTick(ms: number): void {
    const now = this.#self.clock.monotonic();
    const at = now + ms;
    // A tick of the past that has not come by now may have been lost behind a slow turn.
    if (this.#planned !== undefined && this.#planned.at >= now && this.#planned.at <= at) return;
    this.#unplanTick();
    this.#planned = { at, cancel: this.#self.after(ms, "tick", {}) };
  }

  #unplanTick(): void {
    this.#planned?.cancel();
    this.#planned = undefined;
  }

  #tickMs(): number {
    const { tickMs, tickMaxMs } = this.#ports.limits;
    return this.#attendance.tickMs(tickMs, tickMaxMs, this.#self.clock.monotonic());
  }

  get #online(): number {
    return this.#attendance.online(this.#self.clock.monotonic());
  }

  /** Due at this room's own minute of the hour: setting it again, as every restart of the room does, puts nothing off. */
  #trimTimer(now: number): Write {
    const sinceLast = (now - hash32(this.#self.key) % TRIM_EVERY_MS) % TRIM_EVERY_MS;
    return this.#self.setTimer("trim", now - sinceLast + TRIM_EVERY_MS, "trim", {});
  }

  #present(): RoomRecord {
    if (this.#record === undefined) throw new BarrageError("not_found", `No room ${this.#self.key}`);
    if (this.#record.state === "deleted") throw new BarrageError("gone", "The room was deleted");
    return this.#record;
  }

  #open(): RoomRecord {
    const record = this.#present();
    if (record.state === "ended") throw new BarrageError("gone", "The room has ended");
    return record;
  }

  #view({ id, title, owner, state, settings, createdAt, endedAt }: RoomRecord): RoomView {
    return {
      id,
      title,
      owner,
      state: state === "live" ? "live" : "ended",
      settings,
      online: this.#online,
      createdAt,
      ...(endedAt === undefined ? {} : { endedAt }),
    };
  }
}

function mergeSettings(
  base: RoomRecord["settings"],
  change: z.output<typeof CreateRoom>["settings"],
): RoomRecord["settings"] {
  const given = Object.entries(change ?? {}).filter(([, value]) => value !== undefined);
  return { ...base, ...Object.fromEntries(given) };
}
