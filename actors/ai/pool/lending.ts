import type { Drops } from "actors/runtime/drops.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import type { LeaseRecord, StoredPool } from "storage/ai_storage.ts";
import type { Books } from "./books.ts";
import type { Outcome, Runner, Ticket } from "./definition.ts";
import type { Digests } from "./digests.ts";
import { type Lease, Leases, NOBODY } from "./leases.ts";
import { goneMs, lapseMs, type PoolLimits, tellMs, tellOnceMs } from "./limits.ts";
import type { PoolMeter } from "./meter.ts";
import type { Places } from "./places.ts";
import type { Probes } from "./probes.ts";
import type { Queue, Waiting } from "./queue.ts";
import type { Telling } from "./telling.ts";
import type { Use } from "./use.ts";
import type { Uses } from "./uses.ts";

/** What is known of the processes that make calls. */
export interface Runners {
  /** The one that makes all of them; undefined where there may be others. */
  readonly only: Runner | undefined;
  /** For each, milliseconds until it surely makes no call any more; undefined while it may make some. */
  goneInMs(runners: readonly Runner[]): Promise<readonly (number | undefined)[]>;
}

export interface LendingPorts {
  readonly runners: Pick<Runners, "only">;
  readonly limits: PoolLimits;
  readonly drops: Drops;
  readonly meter: PoolMeter;
  readonly uses: Uses;
  readonly queue: Queue;
  readonly places: Places;
  readonly books: Books;
  readonly probes: Probes;
  readonly digests: Digests;
  readonly telling: Telling;
}

interface Grant {
  readonly lease: Lease;
  readonly waiting: Waiting;
}

/**
 * Lends what is free and takes back what is over. Memory is changed first, then the store, then the answers are told: when
 * the store fails the incarnation ends, and nobody has heard of what it had in mind.
 */
export class Lending {
  readonly leases = new Leases();
  readonly #self: Self;
  readonly #ports: LendingPorts;

  constructor(self: Self, ports: LendingPorts) {
    this.#self = self;
    this.#ports = ports;
  }

  get busy(): boolean {
    return this.leases.size + this.#ports.probes.size + this.#ports.queue.size > 0;
  }

  /**
   * Takes over what an owner before us has lent: each counts as in flight, and its start as not yet counted.
   * @param gone By lease, milliseconds until the process that makes its call is surely gone.
   */
  restore(stored: StoredPool, gone: ReadonlyMap<string, number>, now: number): void {
    const { uses, books, digests, limits } = this.#ports;
    const heardAt = ({ id }: LeaseRecord) => {
      const goneInMs = gone.get(id);
      if (goneInMs === undefined) return now + tellOnceMs(limits);
      return now + goneInMs + goneMs(limits) - lapseMs(limits);
    };
    // In the order in which they lapse.
    for (const record of [...stored.leases].sort((a, b) => heardAt(a) - heardAt(b))) {
      const use = uses.of(record.credential);
      // A credential that is gone is not lent again, so nobody counts its calls any more.
      if (use === undefined) {
        books.ended(record.id, now);
        continue;
      }
      use.take(-Infinity);
      digests.add(record);
      this.leases.add({
        ...{ record, use, lentAt: now, atLimit: false, runner: record.runner },
        ...{
          heardAt: heardAt(record),
          heard: false,
          started: false,
          superseded: false,
          restored: true,
        },
      });
    }
  }

  started(id: string, now: number): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    this.leases.heard(lease, now);
    if (lease.started) return;
    lease.started = true;
    this.#ports.uses.startCounted(lease.use, now);
  }

  /** @returns Whether its call may go on. */
  renew(id: string, started: boolean, runner: Runner | undefined, now: number): boolean {
    const lease = this.leases.get(id);
    if (lease === undefined || lease.superseded) return false;
    if (runner !== undefined && (runner.id !== lease.runner?.id || runner.epoch !== lease.runner.epoch)) {
      lease.runner = runner;
      this.#ports.books.ran(id, runner, now);
    }
    if (started) this.started(id, now);
    else this.leases.heard(lease, now);
    return true;
  }

  release(id: string, outcome: Outcome, now: number): void {
    const lease = this.leases.get(id);
    if (lease === undefined) return;
    const { uses, places, meter } = this.#ports;
    if (outcome.kind === "fault") {
      if (outcome.fault === "rate") meter.meters.counts.over_rate++;
      if (outcome.fault === "concurrency") meter.meters.counts.over_concurrency++;
    }
    if (lease.started && !lease.restored) places.measured(now - lease.lentAt);
    const { use, lentAt, atLimit } = lease;
    uses.judge(use, outcome, { lentAt, atLimit, probe: false }, now);
    this.#takeBack(lease, now);
  }

  /** Nobody has called with it. */
  declined(id: string, now: number): void {
    const lease = this.leases.get(id);
    if (lease === undefined || lease.heard) return;
    this.#ports.meter.meters.counts.declined++;
    this.#ports.uses.startUnused(lease.use, now);
    this.#forget(lease, now);
  }

  probed(id: string, outcome: Outcome, now: number): void {
    const { probes, uses, books } = this.#ports;
    const ended = probes.ended(id, outcome);
    if (ended === undefined) return;
    const { use, lentAt } = ended;
    books.ended(id, now);
    uses.judge(use, outcome, { lentAt, atLimit: false, probe: true }, now);
    uses.startCounted(use, now);
    uses.slotBack(use, now);
  }

  /**
   * Takes back what nobody was heard of for a term, lends what is free, makes it durable, then tells who got it.
   * @returns Whether there may be more to lend.
   */
  async settle(): Promise<boolean> {
    const { uses, queue, books, probes, digests, telling, limits } = this.#ports;
    const now = this.#self.clock.monotonic();
    this.#lapse(now);
    uses.awaken(now);
    const grants: Grant[] = [];
    while (grants.length < limits.lendAtOnce && queue.size > 0) {
      const next = queue.next((ticket) => this.#lend(ticket, now));
      if (next === undefined) break;
      const { waiting, found: use } = next;
      if (use === "late") {
        digests.delete(waiting.ticket);
        continue;
      }
      grants.push({ waiting, lease: this.#grant(waiting, use, now) });
    }
    const probed = probes.take(now).map((use) => ({ use, record: this.#probeRecord(use) }));
    await books.write(
      [...grants.map(({ lease }) => lease.record), ...probed.map(({ record }) => record)],
      this.busy || probed.length > 0,
      now,
    );
    for (const { lease, waiting } of grants) {
      this.#ports.meter.granted(lease.record.user, now - waiting.since);
      // The commit may have taken long, and only from now on somebody may call.
      lease.heardAt = this.#self.clock.monotonic() + tellMs(limits);
      telling.tell(lease);
    }
    for (const { use, record } of probed) {
      this.#ports.meter.meters.counts.probes++;
      probes.run(record.id, use, now);
    }
    return grants.length === limits.lendAtOnce;
  }

  /** When a lease lapses; Infinity when there is none. */
  get dueAt(): number {
    return this.leases.oldest + lapseMs(this.#ports.limits);
  }

  #lend(ticket: Ticket, now: number): Use | "late" | undefined {
    if (ticket.until <= this.#self.clock.now()) {
      this.#ports.drops.count("pool", "expired");
      return "late";
    }
    return this.#ports.uses.lend(ticket, now);
  }

  #grant({ ticket }: Waiting, use: Use, now: number): Lease {
    const { ids, clock } = this.#self;
    const { answer, user, attempt, digest } = ticket;
    const { only } = this.#ports.runners;
    const record: LeaseRecord = {
      ...{ id: ids.next(), credential: use.credential, answer, user, attempt, grantedAt: clock.now() },
      ...(digest === undefined ? {} : { digest }),
      ...(only === undefined ? {} : { runner: only }),
    };
    const lease: Lease = {
      ...{ record, use, lentAt: now, atLimit: use.inFlight >= use.slots, runner: only },
      ...{ heardAt: now, heard: false, started: false, superseded: false, restored: false },
    };
    this.leases.add(lease);
    return lease;
  }

  #probeRecord({ credential }: Use): LeaseRecord {
    const { ids, clock } = this.#self;
    return { id: ids.next(), credential, answer: NOBODY, user: NOBODY, attempt: 1, grantedAt: clock.now() };
  }

  #lapse(now: number): void {
    for (const lease of this.leases.silent(now - lapseMs(this.#ports.limits))) {
      this.#ports.meter.meters.counts.leases_lapsed++;
      this.#takeBack(lease, now);
    }
    for (const lease of this.#ports.probes.lapsed(now)) {
      this.probed(lease, { kind: "fault", fault: "stalled" }, now);
    }
  }

  /** A start that nobody has told of counts from now on, for it may have been the very last thing that happened. */
  #takeBack(lease: Lease, now: number): void {
    if (!lease.started) this.#ports.uses.startCounted(lease.use, now);
    this.#forget(lease, now);
  }

  #forget(lease: Lease, now: number): void {
    const { telling, books, digests, queue, uses } = this.#ports;
    const { record, use } = lease;
    this.leases.remove(lease);
    uses.slotBack(use, now);
    if (queue.get(record.answer) === undefined && this.leases.of(record.answer) === undefined) {
      digests.delete(record);
    }
    telling.forget(lease);
    books.ended(record.id, now);
  }
}
