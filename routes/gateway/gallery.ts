import { getLogger } from "@logtape/logtape";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import type { Drops } from "actors/runtime/drops.ts";
import { BarrageError, ERRORS } from "protocol/errors.ts";
import type { Item } from "protocol/items.ts";
import type { Position } from "protocol/rooms.ts";
import { Broadcast } from "./broadcast.ts";
import { GallerySeat, type SeatKeeper, type Viewer } from "./seat.ts";

const log = getLogger(["barrage", "gateway"]);

/** Frames kept while somebody joins or a gap is mended; what is missing beyond that is read from the room. */
const KEPT_FRAMES = 256;

export interface GalleryOptions {
  readonly room: string;
  readonly bus: Bus;
  readonly drops: Drops;
  /** Items after `after`, at most a page, for mending what the bus lost. */
  readonly history: (room: string, after: number) => Promise<readonly Item[]>;
  readonly onEmpty: () => void;
}

/** Frames were lost: those that came after the hole wait until it is filled. */
interface Mending {
  readonly since: Broadcast[];
  /** The room did not answer; it is asked again in the next round. */
  failed: boolean;
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
  /** Those of the paused who already had more from the room than has come over the bus. */
  readonly #ahead = new Set<GallerySeat>();
  #joining = 0;
  #kept: Broadcast[] = [];
  #mending: Mending | undefined;
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
    seat.epoch = position.epoch;
    this.#epoch = Math.max(this.#epoch, position.epoch);
    if (this.#keeps(seat.after)) return this.#begin(seat);
    // Another viewer's answer, further on than this one, was the first here: what lies between may be lost.
    this.#options.history(this.room, seat.after).then((items) => {
      const missing = items.filter(({ offset }) => offset > seat.after);
      if (missing.length > 0 && seat.life.phase === "joining") {
        this.#sendTo(seat, this.#frameOf(missing, this.#epoch));
      }
    }, (error) => {
      log.warn("Cannot mend room {room} after {head}: {error}", { room: this.room, head: seat.after, error });
    }).then(() => this.#begin(seat));
  }

  pause(seat: GallerySeat): void {
    if (seat.life.phase === "joining") seat.life.paused = true;
    if (seat.life.phase !== "live") return;
    this.#live.delete(seat);
    this.#paused.add(seat);
    if (seat.after > (this.#head ?? 0)) this.#ahead.add(seat);
    seat.life = { phase: "paused", total: this.#total };
  }

  unpause(seat: GallerySeat): void {
    if (seat.life.phase === "joining") seat.life.paused = false;
    if (seat.life.phase !== "paused") return;
    this.#summarize(seat);
    this.#paused.delete(seat);
    this.#ahead.delete(seat);
    this.#live.add(seat);
    seat.life = { phase: "live" };
  }

  leave(seat: GallerySeat): void {
    const { phase } = seat.life;
    if (phase === "left") return;
    seat.life = { phase: "left" };
    if (phase === "joining") this.#doneJoining();
    this.#live.delete(seat);
    this.#paused.delete(seat);
    this.#ahead.delete(seat);
    if (this.viewers === 0 && this.#joining === 0) {
      this.#subscription.unsubscribe();
      this.#options.onEmpty();
    }
  }

  /** Tells paused viewers how much they miss. */
  summarize(): void {
    for (const seat of this.#paused) this.#summarize(seat);
  }

  /** Asks again for lost items that the room could not give when they were missed. */
  retry(): void {
    if (this.#mending?.failed !== true) return;
    this.#mending.failed = false;
    this.#readLost(this.#mending);
  }

  /** The room's own word on where it stands; if the bus lost its last frames, this is how it shows. */
  confirm(position: Position & { readonly online: number }): void {
    this.online = position.online;
    if (this.viewers === 0) return;
    if (this.#head !== undefined && this.#head < this.#expected && this.#mending === undefined) {
      this.#mend([]);
    }
    this.#expected = position.offset;
  }

  /** Whether what is kept leads on from `offset` to where the gallery stands. */
  #keeps(offset: number): boolean {
    if (this.#head === undefined || offset >= this.#head) return true;
    const next = this.#kept.find((frame) => frame.hasItems && frame.to > offset);
    return next !== undefined && next.from <= offset + 1;
  }

  #begin(seat: GallerySeat): void {
    if (seat.life.phase !== "joining") return;
    const { paused } = seat.life;
    seat.life = { phase: "live" };
    this.#live.add(seat);
    const kept = this.#kept;
    this.#doneJoining();
    if (this.#head === undefined) {
      // The first viewer: what was kept beyond it is also what the gallery begins with, the rest is for other joiners.
      this.#head = seat.after;
      const beyond = kept.filter((frame) => frame.to > seat.after || !frame.hasItems);
      if (this.#joining > 0) this.#kept = kept.filter((frame) => !beyond.includes(frame));
      for (const frame of beyond) this.#take(frame);
    } else {
      for (const frame of kept) this.#sendTo(seat, frame);
    }
    if (paused) this.pause(seat);
  }

  #receive(message: BusMessage): void {
    const { epoch, from, to, count } = message.headers;
    const frame = new Broadcast(Number(epoch), Number(from), Number(to), Number(count), message.data);
    if (frame.epoch < this.#epoch) return this.#options.drops.count("frame", "old_epoch");
    this.#epoch = frame.epoch;
    this.#take(frame);
  }

  #take(frame: Broadcast): void {
    if (this.#mending !== undefined) {
      if (this.#mending.since.length < KEPT_FRAMES) this.#mending.since.push(frame);
      else this.#options.drops.count("frame", "mending_overflow");
      return;
    }
    if (this.#head !== undefined && frame.hasItems && frame.from > this.#head + 1) return this.#mend([frame]);
    this.#deliver(frame);
  }

  #deliver(frame: Broadcast): void {
    if (frame.hasItems && this.#head !== undefined) this.#advance(this.#head, frame);
    if (this.#joining > 0) this.#keep(frame);
    for (const seat of this.#live) this.#sendTo(seat, frame);
    if (!frame.hasItems && this.#paused.size > 0 && frame.state !== undefined) {
      for (const seat of this.#paused) this.#sendTo(seat, frame);
    }
  }

  #advance(head: number, frame: Broadcast): void {
    if (frame.to <= head) return this.#options.drops.count("frame", "duplicate");
    const fresh = frame.from > head ? frame : frame.beyond(head);
    this.#head = fresh.to;
    this.#total += fresh.count;
    for (const seat of this.#ahead) this.#catchUp(seat, fresh);
  }

  /** A join takes less time than this many frames, so it is the oldest that nobody waits for. */
  #keep(frame: Broadcast): void {
    this.#kept.push(frame);
    if (this.#kept.length > KEPT_FRAMES) this.#kept.shift();
  }

  #sendTo(seat: GallerySeat, frame: Broadcast): void {
    if (frame.epoch < seat.epoch) return this.#options.drops.count("frame", "old_epoch");
    if (frame.hasItems) {
      if (frame.to <= seat.after) return;
      if (frame.from <= seat.after) frame = frame.beyond(seat.after);
      seat.after = frame.to;
    } else if (frame.to < seat.after) {
      return;
    }
    seat.epoch = frame.epoch;
    seat.viewer.send(frame.in(seat.viewer.form));
  }

  /** What a paused viewer had before it came over the bus is nothing it misses. */
  #catchUp(seat: GallerySeat, frame: Broadcast): void {
    if (seat.life.phase === "paused") {
      if (frame.to <= seat.after) seat.life.total += frame.count;
      else if (frame.from <= seat.after) seat.life.total += frame.count - frame.beyond(seat.after).count;
    }
    if (frame.to >= seat.after) this.#ahead.delete(seat);
  }

  #mend(since: Broadcast[]): void {
    this.#options.drops.count("frame", "lost_on_bus");
    this.#mending = { since, failed: false };
    this.#readLost(this.#mending);
  }

  /** Reads lost items from the room, page by page, then goes on with what has come since. */
  #readLost(mending: Mending): void {
    const head = this.#head ?? 0;
    this.#options.history(this.room, head).then(
      (items) => this.#fill(mending, items),
      (error) => {
        log.warn("Cannot mend room {room} after {head}: {error}", { room: this.room, head, error });
        if (ERRORS[BarrageError.from(error).reason].retry) mending.failed = true;
        else this.#goOn(mending);
      },
    );
  }

  #fill(mending: Mending, items: readonly Item[]): void {
    const head = this.#head ?? 0;
    const end = mending.since.find((frame) => frame.hasItems)?.from ?? Infinity;
    const missing = items.filter(({ offset }) => offset > head && offset < end);
    const last = missing.at(-1)?.offset;
    // Nothing more to be had: all is here, or the rest is past the room's retention.
    if (last === undefined) return this.#goOn(mending);
    // The frames that waited follow, so the epoch must not be ahead of theirs.
    this.#deliver(this.#frameOf(missing, mending.since[0]?.epoch ?? this.#epoch));
    if (last + 1 < end) this.#readLost(mending);
    else this.#goOn(mending);
  }

  #frameOf(items: readonly Item[], epoch: number): Broadcast {
    const from = items[0]!.offset;
    const to = items.at(-1)!.offset;
    return Broadcast.of({ room: this.room, epoch, from, to, items: [...items] });
  }

  #goOn({ since }: Mending): void {
    const next = since.find((frame) => frame.hasItems);
    if (next !== undefined && this.#head !== undefined && next.from > this.#head + 1) {
      this.#options.drops.count("frame", "not_mended");
      this.#head = next.from - 1;
    }
    this.#mending = undefined;
    for (const frame of since) this.#take(frame);
  }

  #summarize(seat: GallerySeat): void {
    if (seat.life.phase !== "paused") return;
    const missed = this.#total - seat.life.total;
    const head = this.#head ?? seat.after;
    if (missed === 0) return;
    seat.life.total = this.#total;
    seat.after = Math.max(seat.after, head);
    seat.epoch = this.#epoch;
    const summary = Broadcast.of({
      room: this.room,
      epoch: this.#epoch,
      from: head + 1,
      to: head,
      items: [],
      live: { online: this.online },
      dropped: { say: missed },
    });
    seat.viewer.send(summary.in(seat.viewer.form));
  }

  #doneJoining(): void {
    this.#joining--;
    if (this.#joining === 0) this.#kept = [];
  }
}
