import { getLogger } from "@logtape/logtape";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Item, RoomFrame } from "protocol/items.ts";
import type { Position } from "protocol/rooms.ts";
import { Broadcast } from "./broadcast.ts";
import { GallerySeat, type SeatKeeper, type Viewer } from "./seat.ts";

const log = getLogger(["barrage", "gateway"]);
const encoder = new TextEncoder();

/** Frames kept while somebody joins or a gap is mended; more than this at once and viewers must recover themselves. */
const KEPT_FRAMES = 256;

export interface GalleryOptions {
  readonly room: string;
  readonly bus: Bus;
  readonly drops: Drops;
  /** Items after `after`, at most a page, for mending what the bus lost. */
  readonly history: (room: string, after: number) => Promise<readonly Item[]>;
  readonly onEmpty: () => void;
}

/**
 * All viewers of one room on this node, behind one subscription.
 *
 * How a newcomer misses nothing and sees nothing twice: the subscription is ready before the room is asked, and from
 * then on frames are kept (replay). The room's answer holds everything up to an offset, because a room publishes a
 * frame whole and between turns. When the answer has been sent, the kept frames beyond that offset follow (cutover),
 * and the seat goes live; a frame that was still on its way is dropped by its offset.
 */
export class Gallery implements SeatKeeper {
  readonly #options: GalleryOptions;
  readonly #subscription: Subscription;
  readonly #live = new Set<GallerySeat>();
  readonly #paused = new Set<GallerySeat>();
  #joining = 0;
  #kept: Broadcast[] = [];
  #mending: Broadcast[] | undefined;
  #epoch = 0;
  #head: number | undefined;
  /** Running count of everything seen by this gallery; what a paused viewer missed is a difference of it. */
  #total = 0;
  #expected = 0;
  online = 0;

  constructor(options: GalleryOptions) {
    this.#options = options;
    const subject = `barrage.v1.evt.room.${options.room}.frame`;
    this.#subscription = options.bus.subscribe(subject, (message) => this.#receive(message));
  }

  get room(): string {
    return this.#options.room;
  }

  get viewers(): number {
    return this.#live.size + this.#paused.size;
  }

  get live(): number {
    return this.#live.size;
  }

  async enter(viewer: Viewer): Promise<GallerySeat> {
    const seat = new GallerySeat(this, viewer);
    this.#joining++;
    try {
      await this.#subscription.ready;
    } catch (error) {
      this.leave(seat);
      throw error;
    }
    return seat;
  }

  /** The cutover; call it when the room's answer is on the wire. */
  seated(seat: GallerySeat, position: Position): void {
    if (seat.life.phase !== "joining") return;
    seat.after = position.offset;
    this.#head ??= position.offset;
    seat.life = { phase: "live" };
    this.#live.add(seat);
    for (const frame of this.#kept) this.#sendTo(seat, frame);
    this.#doneJoining();
  }

  pause(seat: GallerySeat): void {
    if (seat.life.phase !== "live") return;
    this.#live.delete(seat);
    this.#paused.add(seat);
    seat.life = { phase: "paused", total: this.#total };
  }

  unpause(seat: GallerySeat): void {
    if (seat.life.phase !== "paused") return;
    this.#summarize(seat);
    this.#paused.delete(seat);
    this.#live.add(seat);
    seat.life = { phase: "live" };
  }

  leave(seat: GallerySeat): void {
    const { phase } = seat.life;
    seat.life = { phase: "left" };
    if (phase === "joining") this.#doneJoining();
    else if (phase === "live") this.#live.delete(seat);
    else if (phase === "paused") this.#paused.delete(seat);
    if (this.viewers === 0 && this.#joining === 0) {
      this.#subscription.unsubscribe();
      this.#options.onEmpty();
    }
  }

  /** Tells paused viewers how much they miss. */
  summarize(): void {
    for (const seat of this.#paused) this.#summarize(seat);
  }

  /** The room's own word on where it stands; if the bus lost its last frames, this is how it shows. */
  confirm(position: Position & { readonly online: number }): void {
    this.online = position.online;
    if (this.#head !== undefined && this.#head < this.#expected && this.#mending === undefined) {
      this.#mend([]);
    }
    this.#expected = position.offset;
  }

  #receive(message: BusMessage): void {
    const { epoch, from, to, count } = message.headers;
    const frame = new Broadcast(Number(epoch), Number(from), Number(to), Number(count), message.data);
    if (frame.epoch < this.#epoch) return this.#options.drops.count("frame", "old_epoch");
    this.#epoch = frame.epoch;
    if (this.#mending !== undefined) {
      if (this.#mending.length < KEPT_FRAMES) this.#mending.push(frame);
      else this.#options.drops.count("frame", "mending_overflow");
      return;
    }
    if (this.#head !== undefined && frame.hasItems && frame.from > this.#head + 1) return this.#mend([frame]);
    this.#deliver(frame);
  }

  #deliver(frame: Broadcast): void {
    if (this.#joining > 0) {
      if (this.#kept.length < KEPT_FRAMES) this.#kept.push(frame);
      else this.#options.drops.count("frame", "joining_overflow");
    }
    if (frame.hasItems && this.#head !== undefined) {
      if (frame.to <= this.#head) this.#options.drops.count("frame", "duplicate");
      else this.#total += frame.count;
      this.#head = Math.max(this.#head, frame.to);
    }
    for (const seat of this.#live) this.#sendTo(seat, frame);
  }

  #sendTo(seat: GallerySeat, frame: Broadcast): void {
    if (frame.hasItems) {
      if (frame.to <= seat.after) return;
      seat.after = frame.to;
    }
    seat.viewer.send(frame.in(seat.viewer.form));
  }

  /** Frames were lost on the bus: read their items from the room, then go on with what has come since. */
  #mend(since: Broadcast[]): void {
    this.#mending = since;
    const head = this.#head ?? 0;
    this.#options.drops.count("frame", "lost_on_bus");
    this.#options.history(this.room, head).then(
      (items) => this.#mended(head, items),
      (error) => {
        log.warn("Cannot mend room {room} after {head}: {error}", { room: this.room, head, error });
        this.#mended(head, []);
      },
    );
  }

  #mended(head: number, items: readonly Item[]): void {
    const since = this.#mending ?? [];
    this.#mending = undefined;
    const end = since.find((frame) => frame.hasItems)?.from ?? Infinity;
    const missing = items.filter(({ offset }) => offset > head && offset < end);
    if (missing.length > 0) this.#deliver(this.#frameOf(missing));
    for (const frame of since) this.#deliver(frame);
  }

  #frameOf(items: readonly Item[]): Broadcast {
    const from = items[0]!.offset;
    const to = items.at(-1)!.offset;
    const frame: RoomFrame = { room: this.room, epoch: this.#epoch, from, to, items: [...items] };
    const count = items.reduce((sum, item) => sum + item.count, 0);
    return new Broadcast(this.#epoch, from, to, count, encoder.encode(JSON.stringify(frame)));
  }

  #summarize(seat: GallerySeat): void {
    if (seat.life.phase !== "paused") return;
    const missed = this.#total - seat.life.total;
    const head = this.#head ?? seat.after;
    if (missed === 0) return;
    seat.life.total = this.#total;
    seat.after = Math.max(seat.after, head);
    const frame: RoomFrame = {
      room: this.room,
      epoch: this.#epoch,
      from: head + 1,
      to: head,
      items: [],
      live: { online: this.online },
      dropped: { say: missed },
    };
    const summary = new Broadcast(this.#epoch, head + 1, head, 0, encoder.encode(JSON.stringify(frame)));
    seat.viewer.send(summary.in(seat.viewer.form));
  }

  #doneJoining(): void {
    this.#joining--;
    if (this.#joining === 0) this.#kept = [];
  }
}
