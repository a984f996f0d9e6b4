import { getLogger } from "@logtape/logtape";
import type { Bus, Subscription } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { HISTORY_PAGE_MAX, roomActor } from "actors/room/definition.ts";
import { Gallery } from "./gallery.ts";
import type { GallerySeat, Viewer } from "./seat.ts";

const log = getLogger(["barrage", "gateway"]);

const REPORT_MS = 1_000;
/** An unchanged number of viewers is repeated this often, well inside the room's patience. */
const REPEAT_MS = 10_000;
const SUMMARY_EVERY = 5;

export interface HubOptions {
  readonly nodeId: string;
  readonly node: ActorNode;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Frames per second this node is meant to send at most; ticks stretch to stay below. */
  readonly framesPerSecond: number;
  readonly tickMs: number;
}

interface Watched {
  readonly gallery: Gallery;
  reportedViewers: number;
  reportedTickMs: number;
  reportedAt: number;
}

/** The viewers of this node, room by room: fan-out, and the reports that tell each room who watches from here. */
export class Hub {
  readonly #options: HubOptions;
  readonly #rooms = new Map<string, Watched>();
  #cancel: (() => void) | undefined;
  #activations: Subscription | undefined;
  #rounds = 0;

  constructor(options: HubOptions) {
    this.#options = options;
  }

  start(): void {
    // A room that has moved, or was not in memory, knows of no viewers.
    this.#activations = this.#options.bus.subscribe("barrage.v1.evt.room.*.activated", ({ subject }) => {
      const watched = this.#rooms.get(subject.split(".")[4] ?? "");
      if (watched !== undefined) watched.reportedAt = -Infinity;
    });
    this.#plan(REPORT_MS);
  }

  stop(): void {
    this.#cancel?.();
    this.#activations?.unsubscribe();
  }

  enter(room: string, viewer: Viewer): Promise<GallerySeat> {
    return this.#watch(room).gallery.enter(viewer);
  }

  /** What the room counts was reported up to a second ago: our part of it as it is now, and the one who joins. */
  online(room: string, counted: number): number {
    const watched = this.#rooms.get(room);
    if (watched === undefined) return counted;
    return Math.max(0, counted - watched.reportedViewers) + watched.gallery.viewers + 1;
  }

  get viewers(): number {
    let sum = 0;
    for (const { gallery } of this.#rooms.values()) sum += gallery.viewers;
    return sum;
  }

  get rooms(): number {
    return this.#rooms.size;
  }

  #watch(room: string): Watched {
    const known = this.#rooms.get(room);
    if (known !== undefined) return known;
    const { bus, node } = this.#options;
    const gallery = new Gallery({
      room,
      bus,
      drops: node.drops,
      history: async (id, after) =>
        (await node.ref(roomActor, id).messages({ after, limit: HISTORY_PAGE_MAX })).items,
      onEmpty: () => this.#empty(room),
    });
    const watched = { gallery, reportedViewers: 0, reportedTickMs: 0, reportedAt: -Infinity };
    this.#rooms.set(room, watched);
    return watched;
  }

  #empty(room: string): void {
    const watched = this.#rooms.get(room);
    this.#rooms.delete(room);
    if (watched !== undefined && watched.reportedViewers > 0) this.#report(room, watched, 0);
  }

  #plan(ms: number): void {
    this.#cancel = this.#options.clock.after(ms, () => {
      this.#round();
      this.#plan(REPORT_MS);
    });
  }

  #round(): void {
    const now = this.#options.clock.monotonic();
    const tickMs = this.#tickMs();
    const summary = ++this.#rounds % SUMMARY_EVERY === 0;
    for (const [room, watched] of this.#rooms) {
      watched.gallery.retry();
      if (summary) watched.gallery.summarize();
      const { viewers } = watched.gallery;
      const stretched = Math.abs(tickMs - watched.reportedTickMs) > watched.reportedTickMs * 0.2;
      const due = now - watched.reportedAt >= REPEAT_MS;
      if (viewers !== watched.reportedViewers || (viewers > 0 && (stretched || due))) {
        this.#report(room, watched, viewers);
      }
    }
  }

  #report(room: string, watched: Watched, viewers: number): void {
    const { node, nodeId, clock } = this.#options;
    const tickMs = this.#tickMs();
    watched.reportedViewers = viewers;
    watched.reportedTickMs = tickMs;
    watched.reportedAt = clock.monotonic();
    node.ref(roomActor, room).attend({ node: nodeId, viewers, tickMs }).then(
      (position) => watched.gallery.confirm(position),
      (error) => {
        // Said again in the next round.
        watched.reportedAt = -Infinity;
        log.debug("Room {room} did not take the attendance: {error}", { room, error });
      },
    );
  }

  /** The tick at which one frame per viewer and tick stays inside this node's budget. */
  #tickMs(): number {
    let live = 0;
    for (const { gallery } of this.#rooms.values()) live += gallery.live;
    return Math.max(this.#options.tickMs, live * 1_000 / this.#options.framesPerSecond);
  }
}
