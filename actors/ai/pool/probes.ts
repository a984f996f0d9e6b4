import { getLogger } from "@logtape/logtape";
import { BarrageError } from "protocol/errors.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import { type Outcome, poolActor, poolOf } from "./definition.ts";
import { lapseMs, type PoolLimits } from "./limits.ts";
import type { Use } from "./use.ts";
import type { Uses } from "./uses.ts";

const log = getLogger(["barrage", "ai"]);

const RETRY_MS = 1_000;

/** What is tried: the cheapest call there is of this use. */
export interface ProbedUse {
  readonly credential: string;
  readonly provider: string;
  readonly feature: "text" | "image" | "slides";
  readonly model: string;
  readonly upstreamModel: string;
}

/** Makes one cheap call; ends when the upstream is done with it, or throws the signal's reason. */
export type Probe = (use: ProbedUse, signal: AbortSignal) => Promise<Outcome>;

interface Running {
  readonly use: Use;
  readonly lentAt: number;
}

type Asker = PromiseWithResolvers<{ outcome: Outcome }>;

/** Looks whether credentials that were out are well again, by calls of the lowest band. */
export class Probes {
  readonly #self: Self;
  readonly #probe: Probe;
  readonly #uses: Uses;
  readonly #limits: PoolLimits;
  readonly #running = new Map<string, Running>();
  /** Operators who wait for a look, by credential. */
  readonly #askers = new Map<string, Asker[]>();

  constructor(self: Self, probe: Probe, uses: Uses, limits: PoolLimits) {
    this.#self = self;
    this.#probe = probe;
    this.#uses = uses;
    this.#limits = limits;
  }

  get size(): number {
    return this.#running.size;
  }

  /** @throws {BarrageError} `not_found`, `overloaded`. */
  ask(credential: string): Promise<{ outcome: Outcome }> {
    if (this.#uses.of(credential) === undefined) {
      throw new BarrageError("not_found", "The pool has no such credential");
    }
    if (this.#askers.size >= this.#limits.probesAtOnce) {
      throw new BarrageError("overloaded", "Too many credentials are being tested", {
        retryAfterMs: RETRY_MS,
      });
    }
    const asker: Asker = Promise.withResolvers();
    this.#askers.set(credential, [...this.#askers.get(credential) ?? [], asker]);
    return asker.promise;
  }

  /** When the next one has to be looked at; Infinity when none has. */
  dueAt(now: number): number {
    if (this.#running.size >= this.#limits.probesAtOnce) return Infinity;
    let dueAt = Infinity;
    for (const use of this.#uses) {
      const wantedAt = this.#askers.has(use.credential) ? now : use.probeAt();
      if (wantedAt >= dueAt || this.#isRunning(use)) continue;
      dueAt = Math.min(dueAt, Math.max(wantedAt, this.#uses.roomAt(use, now)));
    }
    return dueAt;
  }

  /** Somebody waits for a look. */
  get asked(): boolean {
    return this.#askers.size > 0;
  }

  /** Takes the slots of those that are due and have one; whoever calls makes the leases durable, then runs them. */
  take(now: number): Use[] {
    const taken: Use[] = [];
    for (const use of this.#uses) {
      if (this.#running.size + taken.length >= this.#limits.probesAtOnce) break;
      if (use.probeAt() > now && !this.#askers.has(use.credential)) continue;
      if (this.#isRunning(use) || !this.#uses.lendThis(use, now)) continue;
      use.beginProbe();
      taken.push(use);
    }
    return taken;
  }

  run(lease: string, use: Use, now: number): void {
    this.#running.set(lease, { use, lentAt: now });
    this.#run(lease, use).catch((error) => log.warn("Cannot tell how a probe ended: {error}", { error }));
  }

  /** Undefined when it was told before. */
  ended(lease: string, outcome: Outcome): Running | undefined {
    const running = this.#running.get(lease);
    if (running === undefined) return undefined;
    this.#running.delete(lease);
    const { credential } = running.use;
    for (const asker of this.#askers.get(credential) ?? []) asker.resolve({ outcome });
    this.#askers.delete(credential);
    return running;
  }

  /** Those whose end nobody has told. */
  lapsed(now: number): string[] {
    const silentMs = this.#limits.probeMaxMs + lapseMs(this.#limits);
    return [...this.#running].filter(([, { lentAt }]) => now - lentAt > silentMs).map(([lease]) => lease);
  }

  #isRunning(use: Use): boolean {
    for (const running of this.#running.values()) if (running.use === use) return true;
    return false;
  }

  async #run(lease: string, use: Use): Promise<void> {
    const { clock, signal, key } = this.#self;
    const outcome = await this.#call(use);
    const pool = this.#self.ref(poolActor, key);
    const until = clock.monotonic() + this.#limits.termMs;
    while (!signal.aborted) {
      try {
        await pool.probed({ lease, outcome });
        return;
      } catch (error) {
        if (clock.monotonic() > until) throw error;
        await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
      }
    }
  }

  async #call({ credential, facts }: Use): Promise<Outcome> {
    const { clock, signal, key } = this.#self;
    const { provider, limits: { upstreamModel } } = facts;
    const late = new AbortController();
    const cancel = clock.after(this.#limits.probeMaxMs, () => late.abort(new BarrageError("timeout")));
    const both = AbortSignal.any([signal, late.signal]);
    try {
      return await this.#probe({ credential, provider, upstreamModel, ...poolOf(key) }, both);
    } catch (error) {
      if (both.aborted) {
        // The upstream has to notice before the slot may be used again.
        await new Promise<void>((resolve) => void clock.after(this.#limits.abortSettleMs, resolve));
        return { kind: "fault", fault: "stalled" };
      }
      log.error("A probe failed in an unknown way: {error}", { error });
      return { kind: "fault", fault: "transient" };
    } finally {
      cancel();
    }
  }
}
