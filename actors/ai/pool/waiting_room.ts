import { BarrageError } from "protocol/errors.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { Output } from "actors/runtime/definition.ts";
import type { WaitingRecord } from "storage/ai_storage.ts";
import type { PoolVerbs, Ticket } from "./definition.ts";
import type { Digests } from "./digests.ts";
import type { Lending } from "./lending.ts";
import type { PoolLimits } from "./limits.ts";
import type { PoolMeter } from "./meter.ts";
import type { Places } from "./places.ts";
import type { Queue, Waiting } from "./queue.ts";
import type { Telling } from "./telling.ts";
import type { Uses } from "./uses.ts";

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 60_000;

export interface WaitingRoomPorts {
  readonly limits: PoolLimits;
  readonly drops: Drops;
  readonly meter: PoolMeter;
  readonly uses: Uses;
  readonly queue: Queue;
  readonly places: Places;
  readonly digests: Digests;
  readonly lending: Lending;
  readonly telling: Telling;
}

type Queued = Output<PoolVerbs["enqueue"]>;

/** Who may wait, and what he is told. */
export class WaitingRoom {
  readonly #self: Self;
  readonly #ports: WaitingRoomPorts;

  constructor(self: Self, ports: WaitingRoomPorts) {
    this.#self = self;
    this.#ports = ports;
  }

  /** Answers that were waiting when the owner before us ended, oldest first. */
  restore(records: readonly WaitingRecord[], now: number): void {
    for (const { exclude, ...record } of records) {
      const ticket: Ticket = { ...record, exclude: [...exclude] };
      const lease = this.#ports.lending.leases.of(ticket.answer);
      // What was lent for this very attempt has perhaps not been told yet.
      if (lease !== undefined && lease.record.attempt >= ticket.attempt) continue;
      if (lease !== undefined) lease.superseded = true;
      this.#add(ticket, now);
    }
  }

  /** @throws {BarrageError} `not_found`, `unavailable`, `overloaded`, `expired`. */
  enter(ticket: Ticket, now: number): Queued {
    const { queue, lending, digests, places, meter } = this.#ports;
    const lease = lending.leases.of(ticket.answer);
    if (lease !== undefined && lease.record.attempt >= ticket.attempt) {
      return { outcome: "queued", position: 0, etaMs: 0 };
    }
    const known = queue.get(ticket.answer);
    if (known !== undefined && known.ticket.attempt >= ticket.attempt) {
      // Whoever asks for it by now, it keeps the place that it has.
      const { user, band } = known.ticket;
      if (known.ticket.attempt === ticket.attempt) known.ticket = { ...ticket, user, band };
      return { outcome: "queued", ...places.of(known, now) };
    }
    this.#mayHope(ticket, now);
    const first = ticket.attempt === 1;
    const into = first ? digests.other(ticket) : undefined;
    if (into !== undefined) {
      meter.meters.counts.merged++;
      return { outcome: "merged", into };
    }
    // Who was served in vain has had his place already.
    if (first) this.#mayEnter(ticket, now);
    if (lease !== undefined) lease.superseded = true;
    if (known !== undefined) this.leave(ticket.answer);
    return { outcome: "queued", ...places.of(this.#add(ticket, now), now) };
  }

  leave(answer: string): void {
    const { lending, queue, digests } = this.#ports;
    const waiting = queue.remove(answer);
    if (waiting !== undefined && lending.leases.of(answer) === undefined) digests.delete(waiting.ticket);
  }

  /** Drops those who are too late, as their own timers have told them, and refuses those whom nobody can serve any more. */
  sweep(now: number): void {
    const { queue, drops, telling } = this.#ports;
    const wallNow = this.#self.clock.now();
    for (const { ticket } of [...queue.inOrder()]) {
      if (ticket.until <= wallNow) {
        drops.count("pool", "expired");
        this.leave(ticket.answer);
        continue;
      }
      const hopelessMs = this.#hopelessMs(ticket, now);
      if (hopelessMs === undefined) continue;
      drops.count("pool", "unavailable");
      this.leave(ticket.answer);
      telling.refuse(ticket, hopelessMs === Infinity ? undefined : hopelessMs);
    }
  }

  #add(ticket: Ticket, now: number): Waiting {
    const waiting: Waiting = { ticket, since: now };
    this.#ports.digests.add(ticket);
    this.#ports.queue.add(waiting, ticket.attempt > 1);
    return waiting;
  }

  #mayHope(ticket: Ticket, now: number): void {
    const { uses } = this.#ports;
    const wallNow = this.#self.clock.now();
    if (ticket.until <= wallNow) throw this.#refused("expired", "Nobody waits for it any more");
    if (uses.size === 0) throw this.#refused("not_found", "No credential has this model");
    // What is under way already is told by `refused`, which cannot be mistaken for a pool that is not to be reached.
    if (ticket.attempt > 1 && ticket.exclude.length === 0) return;
    const hopelessMs = this.#hopelessMs(ticket, now);
    if (hopelessMs === undefined) return;
    if (hopelessMs === Infinity) {
      throw this.#refused("unavailable", "No credential is left that could serve this request");
    }
    throw this.#refused("unavailable", "No credential can be used before the request is too old", hopelessMs);
  }

  /** Undefined while somebody may serve it in time; else how long that will take, Infinity when it never will. */
  #hopelessMs(ticket: Ticket, now: number): number | undefined {
    const ms = this.#ports.uses.soonest(ticket, now) - now;
    return this.#self.clock.now() + ms < ticket.until ? undefined : Math.ceil(ms);
  }

  #mayEnter({ user }: Ticket, now: number): void {
    const { queue, places, limits } = this.#ports;
    if (queue.of(user) >= limits.perUserMax) {
      throw this.#refused(
        "overloaded",
        "Too many requests of this user wait",
        places.etaMs(queue.of(user), now),
      );
    }
    if (queue.size >= limits.queueMax) {
      throw this.#refused("overloaded", "Too many requests wait for this model", places.etaMs(1, now));
    }
  }

  #refused(
    reason: "not_found" | "unavailable" | "overloaded" | "expired",
    why: string,
    retryAfterMs?: number,
  ): BarrageError {
    this.#ports.drops.count("pool", reason);
    const wait = Math.round(Math.min(RETRY_MAX_MS, Math.max(RETRY_MIN_MS, retryAfterMs ?? 0)));
    return new BarrageError(
      reason,
      `Cannot take the request: ${why}`,
      retryAfterMs === undefined ? {} : { retryAfterMs: wait },
    );
  }
}
