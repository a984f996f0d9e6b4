import type { Outcome, Runner } from "actors/ai/pool/definition.ts";
import { CUT_WITHIN_MS } from "actors/ai/pool/limits.ts";
import type { Lease } from "actors/ai/answer/definition.ts";
import type { SimProcess } from "../process.ts";
import type { Random } from "../random.ts";
import type { Timeline } from "../timeline.ts";
import type { ModelUpstream, Plan } from "./upstream.ts";

/** A request may take far longer to arrive. */
const LATE_MS = 3_000;
const SETTLE_MS = 500;
const SILENT_MS = 12_000;
/** A dead process is noticed by its connections. */
const DEAD_NOTICED_MS = 2_000;

export interface RunPorts {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly process: SimProcess;
  readonly upstream: ModelUpstream;
  /** This process; undefined while its lease is lost. */
  runner(): Runner | undefined;
  readonly lateChance: number;
  /** One way between a process and the upstream, at most; a cut connection is noticed there within the time to settle. */
  readonly roadMs: number;
  toPool(verb: string, input: unknown, timeoutMs: number): Promise<unknown>;
  /** How the call ended; undefined when it was cut off because nobody wants it. */
  ended(outcome: Outcome | undefined): void;
}

/** Makes one call as the real runner does: keeps its lease by renewing, cuts the call off when it cannot, gives it back. */
export class ModelRun {
  readonly #ports: RunPorts;
  readonly #lease: Lease;
  readonly #runner: Runner | undefined;
  #stage: "on its way" | "arrived" | "over" = "on its way";
  #started = false;
  #cut = false;
  #dead = false;
  /** When the upstream has noticed that the connection is gone. */
  #goneBy = Infinity;
  #cancelDeadline = () => {};
  #cancelRenew = () => {};
  #cancelWatch = () => {};

  constructor(lease: Lease, ports: RunPorts) {
    this.#lease = lease;
    this.#ports = ports;
    const { random, timeline, process } = ports;
    this.#runner = ports.runner();
    if (this.#runner === undefined) {
      // It is not made; its answer hears nothing of it.
      this.#stage = "over";
      process.clock.after(SILENT_MS, () => ports.ended(undefined));
      return;
    }
    this.#heard(process.clock.monotonic());
    this.#watch();
    this.#renew();
    const way = random.chance(ports.lateChance) ? random.between(0, LATE_MS) : this.#way;
    timeline.after(way, () => this.#arrive());
  }

  /** Ends the call, whatever it is doing. */
  cut(): void {
    if (this.#cut || this.#dead || this.#stage === "over") return;
    this.#cut = true;
    this.#leave(this.#ports.random.between(0, this.#ports.roadMs));
    this.#ports.process.clock.after(SETTLE_MS, () => this.#release({ kind: "unused" }, undefined));
  }

  /** Its process was killed, or it just stops: nothing is given back. */
  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#stop();
    this.#leave(this.#ports.random.between(0, DEAD_NOTICED_MS));
  }

  get #way(): number {
    return this.#ports.random.between(0.1, this.#ports.roadMs);
  }

  #arrive(): void {
    const { upstream, random, timeline } = this.#ports;
    // What was on its way when the connection was closed arrives about then, or never.
    if (this.#stage === "over" && (timeline.now > this.#goneBy || random.chance(0.5))) return;
    const { credential } = this.#lease;
    const plan = upstream.begin(credential);
    if (this.#stage === "over") return upstream.end(credential);
    this.#stage = "arrived";
    if (plan.refused !== undefined) return this.#answered(plan, plan.refused);
    this.#ports.timeline.after(plan.firstMs + this.#way, () => this.#seen(() => this.#begun()));
    this.#ports.timeline.after(
      plan.firstMs + plan.bodyMs + this.#ports.roadMs,
      () => this.#answered(plan, plan.broken),
    );
  }

  /** The upstream is done with it, and the runner sees that a little later. */
  #answered(_plan: Plan, fault: Plan["broken"]): void {
    if (this.#stage !== "arrived") return;
    this.#leave(0);
    this.#ports.timeline.after(this.#way, () =>
      this.#seen(() => {
        const outcome: Outcome = fault === undefined ? { kind: "done" } : { kind: "fault", fault };
        this.#release(outcome, outcome);
      }));
  }

  #begun(): void {
    if (this.#started || this.#stage === "over") return;
    this.#started = true;
    this.#ports.toPool("started", { lease: this.#lease.lease }, 5_000).catch(() => {
      // The renewals tell it as well.
    });
  }

  #seen(run: () => void): void {
    this.#ports.process.deliver("bus", () => {
      if (!this.#dead && !this.#cut) run();
    });
  }

  #leave(ms: number): void {
    const stage = this.#stage;
    this.#stage = "over";
    this.#goneBy = this.#ports.timeline.now + ms;
    if (stage !== "arrived") return;
    this.#ports.timeline.after(ms, () => this.#ports.upstream.end(this.#lease.credential));
  }

  #heard(sentAt: number): void {
    const { clock } = this.#ports.process;
    this.#cancelDeadline();
    const left = sentAt + this.#lease.termMs - SETTLE_MS - clock.monotonic();
    this.#cancelDeadline = clock.after(left, () => this.cut());
  }

  async #renew(): Promise<void> {
    const { clock } = this.#ports.process;
    const everyMs = this.#lease.termMs / 3;
    const sentAt = clock.monotonic();
    this.#cancelRenew = clock.after(everyMs, () => this.#renew());
    try {
      const input = { lease: this.#lease.lease, started: this.#started, runner: this.#runner };
      const { held } = await this.#ports.toPool("renew", input, everyMs) as { held: boolean };
      if (this.#dead) return;
      if (held) this.#heard(sentAt);
      else this.cut();
    } catch {
      // The next one may be heard.
    }
  }

  /** As the node does for all its calls: without its lease they end. */
  #watch(): void {
    this.#cancelWatch = this.#ports.process.clock.after(CUT_WITHIN_MS, () => {
      if (this.#ports.runner()?.epoch !== this.#runner?.epoch) this.cut();
      else this.#watch();
    });
  }

  #stop(): void {
    this.#cancelWatch();
    this.#cancelDeadline();
    this.#cancelRenew();
  }

  async #release(outcome: Outcome, told: Outcome | undefined): Promise<void> {
    if (this.#dead) return;
    const { process: { clock }, toPool, ended } = this.#ports;
    const until = clock.monotonic() + this.#lease.termMs;
    let tries = 0;
    while (!this.#dead) {
      try {
        await toPool("release", { lease: this.#lease.lease, outcome }, 2_000);
        break;
      } catch {
        if (clock.monotonic() > until) break;
      }
      await new Promise<void>((resolve) => void clock.after(Math.min(1_000, 50 * 2 ** tries++), resolve));
    }
    this.#stop();
    if (!this.#dead) ended(told);
  }
}
