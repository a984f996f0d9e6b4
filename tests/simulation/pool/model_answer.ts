import { BarrageError } from "protocol/errors.ts";
import type { Lease } from "actors/ai/answer/definition.ts";
import type { Outcome, Ticket } from "actors/ai/pool/definition.ts";
import type { Output } from "actors/runtime/definition.ts";
import type { PoolVerbs } from "actors/ai/pool/definition.ts";
import type { SimProcess } from "../process.ts";
import type { ModelRun } from "./model_run.ts";

const AGAIN_MS = 10_000;
const STORED_MS = 500;
const SILENT_MS = 12_000;
const FAILURES_MAX = 5;
const NO_BLAME = ["rate", "concurrency", "clock"];
const FINAL = ["invalid", "context", "moderation"];

type Queued = Output<PoolVerbs["enqueue"]>;

export type End = "done" | "failed" | "expired" | "cancelled" | "merged" | "gone" | `refused: ${string}`;

export interface AnswerPorts {
  toPool(from: SimProcess, verb: string, input: unknown, timeoutMs: number): Promise<unknown>;
  run(answer: ModelAnswer, lease: Lease): ModelRun;
  /** Milliseconds that founding takes. */
  foundMs(): number;
  after(ms: number, run: () => void): void;
  /** By the clock of everybody. */
  wallNow(): number;
}

/** One who waits for an answer: does what the real answer does, without its text. */
export class ModelAnswer {
  state: "asking" | "waiting" | "running" | End = "asking";
  /** As the pool's next owner reads it. */
  stored: Ticket | undefined;
  ticket: Ticket;
  lease: Lease | undefined;
  /** For the checker: when the pool said that it waits, and when it was served first. */
  queuedAt: number | undefined;
  grantedAt: number | undefined;
  attempts = 0;
  failures = 0;
  readonly history: string[] = [];
  readonly #ports: AnswerPorts;
  #run: ModelRun | undefined;
  /** The lease under which it runs, as far as the store knows. */
  #runningStored: string | undefined;
  #asked = Promise.withResolvers<void>();
  /** Grows when it moves: what was under way elsewhere is nothing to it. */
  #life = 0;

  constructor(public home: SimProcess, ticket: Ticket, ports: AnswerPorts) {
    this.ticket = ticket;
    this.#ports = ports;
  }

  get over(): boolean {
    return this.state !== "asking" && this.state !== "waiting" && this.state !== "running";
  }

  async ask(): Promise<void> {
    const life = this.#life;
    try {
      const queued = await this.#enqueue();
      if (this.#life !== life) return;
      if (queued.outcome === "merged") return this.#end("merged");
    } catch (error) {
      if (this.#life === life) this.#end(`refused: ${BarrageError.from(error).reason}`);
      return;
    }
    this.#ports.after(this.#ports.foundMs(), () => {
      if (this.#life !== life || this.over) return;
      this.state = "waiting";
      this.stored = this.ticket;
      this.#asked.resolve();
      this.#wait();
    });
  }

  /** What the pool commands. */
  async command(verb: string, input: unknown): Promise<unknown> {
    if (this.state === "asking") await this.#asked.promise;
    if (this.state === "merged" || (this.stored === undefined && this.over)) {
      throw new BarrageError("not_found");
    }
    if (verb === "granted") return { taken: this.#granted(input as Lease) };
    if (verb === "refused") await this.#refused((input as { attempt: number }).attempt);
    return {};
  }

  cancel(): void {
    if (this.over || this.state === "asking") return;
    const waited = this.state === "waiting";
    this.#run?.cut();
    this.#end("cancelled");
    if (waited) this.#leave();
  }

  /** The process of its call has died, or the call has. */
  bereaved(run: ModelRun): void {
    if (this.#run !== run) return;
    this.#ports.after(SILENT_MS, () => {
      if (this.#run === run && this.state === "running") this.#broke("stalled", this.lease?.credential);
    });
  }

  /** Its own process is gone: it is what was stored. */
  orphan(): void {
    this.#life++;
    if (this.state === "asking") this.#end("gone");
    if (this.state === "running" && this.#runningStored !== this.lease?.lease) this.state = "waiting";
  }

  /** On another process. Who makes its call goes on. */
  rehome(home: SimProcess): void {
    if (this.state === "asking") return;
    this.#life++;
    this.home = home;
    this.#runningStored = this.lease?.lease;
    if (this.state === "waiting") this.#wait();
  }

  /** How the call ended, from wherever it was made. */
  ended(lease: Lease, outcome: Outcome | undefined): void {
    if (this.state !== "running" || this.lease?.lease !== lease.lease) return;
    if (outcome === undefined || outcome.kind === "unused") return this.#broke("stalled", lease.credential);
    if (outcome.kind === "done") return this.#end("done");
    this.#broke(outcome.fault, lease.credential);
  }

  /** True while the store says that it waits. */
  get storedWaiting(): boolean {
    if (this.stored === undefined || this.over) return false;
    return this.state === "waiting" ||
      (this.state === "running" && this.#runningStored !== this.lease?.lease);
  }

  #granted(lease: Lease): boolean {
    if (this.state === "running" && this.lease?.lease === lease.lease) return true;
    if (this.state !== "waiting" || this.ticket.attempt !== lease.attempt) return false;
    this.state = "running";
    this.lease = lease;
    this.attempts++;
    this.grantedAt ??= this.#ports.wallNow();
    this.#ports.after(STORED_MS, () => {
      if (this.lease === lease) this.#runningStored = lease.lease;
    });
    this.#run = this.#ports.run(this, lease);
    return true;
  }

  async #refused(attempt: number): Promise<void> {
    if (this.state !== "waiting" || this.ticket.attempt !== attempt) return;
    if (this.ticket.exclude.length === 0) return this.#end("refused: later");
    this.#change({ ...this.ticket, exclude: [] });
    await this.#again();
  }

  #broke(fault: string, credential: string | undefined): void {
    this.#run = undefined;
    this.history.push(fault);
    if (FINAL.includes(fault)) return this.#end("failed");
    const blamed = !NO_BLAME.includes(fault);
    if (blamed && ++this.failures >= FAILURES_MAX) return this.#end("failed");
    const { attempt, exclude } = this.ticket;
    const tried = blamed && credential !== undefined ? [...exclude, credential] : exclude;
    this.state = "waiting";
    this.#change({ ...this.ticket, attempt: attempt + 1, exclude: tried });
    this.#wait();
  }

  #change(ticket: Ticket): void {
    this.ticket = ticket;
    this.stored = ticket;
  }

  #wait(): void {
    const { attempt } = this.ticket;
    const life = this.#life;
    const waits = () => this.#life === life && this.state === "waiting" && this.ticket.attempt === attempt;
    const look = () => {
      if (!waits()) return;
      if (this.#ports.wallNow() >= this.ticket.until) {
        this.#end("expired");
        return this.#leave();
      }
      this.#again();
      this.home.clock.after(AGAIN_MS, look);
    };
    this.home.clock.after(Math.max(0, this.ticket.until - this.#ports.wallNow()) + 1, look);
    if (attempt > 1 || life > 0) look();
    else this.home.clock.after(AGAIN_MS, look);
  }

  async #again(): Promise<void> {
    const life = this.#life;
    try {
      await this.#enqueue();
    } catch (error) {
      const { reason } = BarrageError.from(error);
      if (this.#life !== life || this.state !== "waiting") return;
      if (reason === "unavailable" && this.ticket.exclude.length > 0) {
        this.#change({ ...this.ticket, exclude: [] });
        this.home.clock.after(1_000, () => this.#life === life && this.state === "waiting" && this.#again());
      } else if (reason === "not_found" || reason === "overloaded") this.#end(`refused: ${reason}`);
      else {this.home.clock.after(1_000, () =>
          this.#life === life && this.state === "waiting" && this.#again());}
    }
  }

  async #enqueue(): Promise<Queued> {
    const queued = await this.#ports.toPool(this.home, "enqueue", this.ticket, 5_000) as Queued;
    if (queued.outcome === "queued") this.queuedAt ??= this.#ports.wallNow();
    return queued;
  }

  #leave(): void {
    this.#ports.toPool(this.home, "leave", { answer: this.ticket.answer }, 5_000).catch(() => {
      // The pool learns it when it grants.
    });
  }

  #end(state: End): void {
    this.state = state;
    this.#run = undefined;
    this.#asked.resolve();
  }
}
