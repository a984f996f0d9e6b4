import { getLogger } from "@logtape/logtape";
import { BarrageError } from "protocol/errors.ts";
import { FencedError } from "storage/storage.ts";
import { backoffMs } from "./backoff.ts";
import { type Factory, Later } from "./behaviour.ts";
import type { Call } from "./call.ts";
import { SYSTEM } from "./caller.ts";
import { Dedupe } from "./dedupe.ts";
import type { ActorDefinition, Verbs } from "./definition.ts";
import { CommitFailed, type Dwelling, Incarnation, type TurnFacts } from "./incarnation.ts";
import { OpenCalls } from "./open_calls.ts";
import { Mailbox } from "./mailbox.ts";
import type { Pace } from "./pace.ts";
import type { RuntimePorts } from "./ports.ts";
import type { Sender } from "./ref.ts";

const log = getLogger(["barrage", "actor"]);

/** What an activation needs of its node. */
export interface ActivationHost extends Sender {
  readonly ports: RuntimePorts;
  readonly pace: Pace;
  readonly counters: { commands: number; turns: number; restarts: number };
  /** False when the node's lease has run out: nothing may run until it is renewed. */
  leaseHolds(activation: Activation): boolean;
  busy(activation: Activation): void;
  idle(activation: Activation): void;
  gone(activation: Activation): void;
  /** The store knows a newer owner: what is unanswered is for that one. */
  fenced(activation: Activation, unanswered: readonly Call[]): void;
  command(activation: Activation, verb: string, input: unknown): Call;
}

type Life =
  | { readonly phase: "starting" }
  | { readonly phase: "running"; readonly incarnation: Incarnation }
  | { readonly phase: "resting"; readonly cancel: () => void }
  | { readonly phase: "passivating"; readonly incarnation: Incarnation }
  | { readonly phase: "stopped"; readonly error: BarrageError };

/** The place of one actor on this node: its mailbox and whichever incarnation serves it. Runs one turn at a time. */
export class Activation implements Dwelling {
  readonly #host: ActivationHost;
  readonly #factory: Factory<Verbs>;
  readonly #mailbox: Mailbox;
  #dedupe: Dedupe | undefined;
  #life: Life = { phase: "starting" };
  #pumping = false;
  /** Set when the shard moves away; resolved when no turn runs any more. */
  #leaving: PromiseWithResolvers<void> | undefined;
  readonly #open = new OpenCalls();
  #turnStartedAt: number | undefined;
  #turnMs = 0.1;
  #crashes = 0;
  lastUsedAt: number;

  constructor(
    host: ActivationHost,
    readonly definition: ActorDefinition,
    readonly key: string,
    readonly address: string,
    readonly shard: number,
    readonly epoch: number,
    factory: Factory<Verbs>,
  ) {
    this.#host = host;
    this.#factory = factory;
    this.#mailbox = new Mailbox(host.ports.limits.mailbox);
    this.lastUsedAt = host.ports.clock.monotonic();
  }

  get sender(): Sender {
    return this.#host;
  }

  get phase(): Life["phase"] {
    return this.#life.phase;
  }

  get waiting(): number {
    return this.#mailbox.size;
  }

  /** Nothing waits, runs or is held. */
  get quiet(): boolean {
    return !this.#pumping && this.#mailbox.size === 0 && this.#open.size === 0;
  }

  deliver(call: Call): void {
    const { ports } = this.#host;
    if (this.#life.phase === "stopped") return call.fail(this.#life.error);
    const now = ports.clock.monotonic();
    this.lastUsedAt = now;
    if (call.facts.id !== undefined) {
      this.#dedupe ??= new Dedupe(ports.limits.dedupe);
      const earlier = this.#dedupe.first(call, now);
      if (earlier !== undefined) {
        earlier.then((output) => call.reply(output), (error) => call.fail(BarrageError.from(error)));
        return;
      }
    }
    const reserved = this.definition.verbs[call.facts.verb]?.reserved === true ||
      call.facts.timer !== undefined;
    const refusal = this.#mailbox.offer(call, reserved, now, this.#turnMs);
    if (refusal !== undefined) {
      ports.drops.count("mailbox", refusal.reason);
      return call.fail(refusal);
    }
    this.#wake();
  }

  enqueueOwn(verb: string, input: unknown): void {
    const call = this.#host.command(this, verb, input);
    call.answer.catch((error) => {
      log.debug("Own command {verb} of {address} failed: {error}", { verb, address: this.address, error });
    });
    this.deliver(call);
  }

  /** Answers what is past its deadline and reports a turn that does not end. */
  sweep(now: number): void {
    const { drops, limits } = this.#host.ports;
    for (const call of this.#mailbox.expire(now)) this.#expire(call);
    for (const call of this.#open.late(now)) {
      drops.count("turn", "timeout");
      call.fail(new BarrageError("timeout"));
    }
    if (this.#turnStartedAt !== undefined && now - this.#turnStartedAt > limits.stuckTurnMs) {
      this.#turnStartedAt = now;
      drops.count("turn", "stuck");
      log.error("A turn of {address} does not end", { address: this.address });
    }
    if (this.quiet) this.#host.idle(this);
  }

  /** Flushes and leaves memory, unless commands came meanwhile: those start a new incarnation. */
  async passivate(): Promise<void> {
    if (!this.quiet || this.#life.phase === "passivating" || this.#life.phase === "stopped") return;
    if (this.#life.phase !== "running") return this.stop(new BarrageError("unavailable"));
    const { incarnation } = this.#life;
    this.#life = { phase: "passivating", incarnation };
    await this.#flush(incarnation);
    if (this.phase === "stopped") return;
    if (this.#mailbox.size === 0) return this.stop(new BarrageError("unavailable"));
    this.#life = { phase: "starting" };
    this.#wake();
  }

  /**
   * The shard moves to another node: the turn that runs ends, the state is flushed, and what still waits is sent on. A
   * turn that does not end within `graceMs` is left to the fence.
   */
  async leave(graceMs: number, sendOn: (call: Call) => void): Promise<void> {
    if (this.#life.phase === "stopped") return;
    this.#leaving = Promise.withResolvers();
    if (this.#pumping) {
      const cancel = this.#host.ports.clock.after(graceMs, this.#leaving.resolve);
      await this.#leaving.promise;
      cancel();
    }
    if (this.#life.phase === "running" && !this.#pumping) {
      const { incarnation } = this.#life;
      this.#life = { phase: "passivating", incarnation };
      await this.#flush(incarnation);
    }
    const waiting = this.#mailbox.takeAll();
    this.stop(new BarrageError("timeout"));
    for (const call of waiting) if (!call.settled) sendOn(call);
  }

  /** Ends at once; everything unanswered gets `error`. */
  stop(error: BarrageError): void {
    const life = this.#life;
    if (life.phase === "stopped") return;
    this.#life = { phase: "stopped", error };
    if (life.phase === "running" || life.phase === "passivating") life.incarnation.end();
    if (life.phase === "resting") life.cancel();
    this.#open.failAll(error);
    for (const call of this.#mailbox.takeAll()) call.fail(error);
    this.#host.idle(this);
    this.#host.gone(this);
  }

  async #flush(incarnation: Incarnation): Promise<void> {
    try {
      const turn = incarnation.beginTurn(this.#ownTurn());
      await incarnation.behaviour?.onPassivate?.(turn);
    } catch (error) {
      log.error("Cannot flush {address}: {error}", { address: this.address, error });
    }
    incarnation.end();
  }

  #wake(): void {
    if (
      this.#leaving !== undefined || this.#pumping ||
      (this.#life.phase !== "running" && this.#life.phase !== "starting")
    ) {
      this.#host.busy(this);
      return;
    }
    this.#pumping = true;
    this.#host.busy(this);
    queueMicrotask(() => this.#pump());
  }

  async #pump(): Promise<void> {
    const { pace, ports: { clock } } = this.#host;
    const began = clock.monotonic();
    let turns = 0;
    while (this.#life.phase === "starting" || this.#life.phase === "running") {
      if (!this.#host.leaseHolds(this)) {
        this.stop(new BarrageError("unavailable", "The node has lost its lease"));
        break;
      }
      if (this.#life.phase === "starting") {
        await this.#start();
        continue;
      }
      if (this.#leaving !== undefined) break;
      const call = this.#mailbox.take();
      if (call === undefined) break;
      const pending = this.#runTurn(this.#life.incarnation, call);
      if (pending !== undefined) await pending;
      turns++;
      const pause = pace.turn();
      if (pause !== undefined) await pause;
    }
    if (turns > 0) this.#turnMs += ((clock.monotonic() - began) / turns - this.#turnMs) / 4;
    this.#pumping = false;
    this.#leaving?.resolve();
    if (this.quiet) this.#host.idle(this);
  }

  async #start(): Promise<void> {
    const incarnation = new Incarnation(this.#host.ports, this);
    try {
      incarnation.behaviour = this.#factory(incarnation);
      this.#turnStartedAt = incarnation.bornAt;
      await incarnation.behaviour.onActivate?.(incarnation.beginTurn(this.#ownTurn()));
      incarnation.endTurn();
    } catch (error) {
      this.#turnStartedAt = undefined;
      incarnation.end();
      if (this.phase === "stopped") return;
      if (error instanceof BarrageError) return this.stop(error);
      if (error instanceof FencedError) return this.#zombie();
      return this.#crash(incarnation, error);
    }
    this.#turnStartedAt = undefined;
    if (this.phase === "stopped") return incarnation.end();
    this.#life = { phase: "running", incarnation };
  }

  #runTurn(incarnation: Incarnation, call: Call): Promise<void> | undefined {
    const { counters, ports } = this.#host;
    if (call.settled) return undefined;
    const now = ports.clock.monotonic();
    if (call.facts.deadline <= now) return this.#expire(call);
    const { verb } = call.facts;
    const batched = this.definition.verbs[verb]?.batched;
    this.#turnStartedAt = now;
    counters.turns++;
    if (batched !== undefined) return this.#runBatch(incarnation, verb, batched, call, now);
    counters.commands++;
    call.begin();
    let outcome: unknown;
    try {
      outcome = incarnation.behaviour![verb]!(call.input as never, incarnation.beginTurn(call.facts));
    } catch (error) {
      return this.#failed(incarnation, [call], error);
    }
    if (!(outcome instanceof Promise)) return this.#succeeded(incarnation, call, outcome);
    this.#open.add(call);
    return outcome.then(
      (output) => this.#succeeded(incarnation, call, output),
      (error) => this.#failed(incarnation, [call], error),
    );
  }

  #runBatch(
    incarnation: Incarnation,
    verb: string,
    max: number,
    first: Call,
    now: number,
  ): Promise<void> | undefined {
    const batch = [first];
    if (max > 1 && first.facts.timer === undefined) this.#mailbox.takeMore(verb, max, batch);
    const { counters } = this.#host;
    const calls: Call[] = [];
    const chain = new Set<string>();
    let deadline = 0;
    for (const call of batch) {
      if (call.facts.deadline <= now) {
        this.#expire(call);
        continue;
      }
      call.begin();
      calls.push(call);
      deadline = Math.max(deadline, call.facts.deadline);
      for (const address of call.facts.chain) chain.add(address);
    }
    counters.commands += calls.length;
    const facts: TurnFacts = { caller: first.caller, deadline, chain: [...chain], timer: first.facts.timer };
    let outcome: unknown;
    try {
      outcome = incarnation.behaviour![verb]!(calls as never, incarnation.beginTurn(facts));
    } catch (error) {
      return this.#failed(incarnation, calls, error);
    }
    if (!(outcome instanceof Promise)) return this.#batchDone(incarnation, calls);
    for (const call of calls) this.#open.add(call);
    return outcome.then(
      () => this.#batchDone(incarnation, calls),
      (error) => this.#failed(incarnation, calls, error),
    );
  }

  #expire(call: Call): undefined {
    this.#host.ports.drops.count("mailbox", "expired");
    call.fail(new BarrageError("expired"));
  }

  #batchDone(incarnation: Incarnation, calls: Call[]): undefined {
    this.#turnOver(incarnation);
    for (const call of calls) {
      if (call.phase === "held") {
        this.#open.add(call);
      } else if (!call.settled) {
        log.error("{address} left a {verb} without an answer", {
          address: this.address,
          verb: call.facts.verb,
        });
        call.fail(new BarrageError("internal"));
      }
    }
  }

  #succeeded(incarnation: Incarnation, call: Call, outcome: unknown): undefined {
    this.#turnOver(incarnation);
    if (!(outcome instanceof Later)) return call.reply(outcome) as undefined;
    call.hold();
    this.#open.add(call);
    outcome.answer.then((output) => call.reply(output), (error) => call.fail(BarrageError.from(error)));
  }

  #failed(incarnation: Incarnation, calls: Call[], error: unknown): undefined {
    this.#turnOver(incarnation);
    if (error instanceof FencedError) {
      if (this.#serves(incarnation)) this.#zombie();
      for (const call of calls) if (call.phase === "running") call.fail(new BarrageError("moved"));
      return;
    }
    const shown = error instanceof CommitFailed ? error.error : BarrageError.from(error);
    for (const call of calls) if (call.phase !== "held") call.fail(shown);
    if (!(error instanceof BarrageError) && this.#serves(incarnation)) this.#crash(incarnation, error);
  }

  #turnOver(incarnation: Incarnation): void {
    incarnation.endTurn();
    this.#turnStartedAt = undefined;
  }

  #serves(incarnation: Incarnation): boolean {
    return this.#life.phase === "running" && this.#life.incarnation === incarnation;
  }

  #crash(incarnation: Incarnation, error: unknown): void {
    const { clock, limits, random } = this.#host.ports;
    incarnation.end();
    this.#host.counters.restarts++;
    if (clock.monotonic() - incarnation.bornAt > limits.restart.healthyMs) this.#crashes = 0;
    const delay = backoffMs(this.#crashes++, random, limits.restart.baseMs, limits.restart.maxMs);
    log.error("{address} restarts in {delay} ms: {error}", { address: this.address, delay, error });
    const cancel = clock.after(delay, () => {
      this.#life = { phase: "starting" };
      if (this.#mailbox.size > 0) this.#wake();
    });
    this.#life = { phase: "resting", cancel };
    this.#open.failAll(new BarrageError("unavailable", "The actor restarts; retry with the same id"));
  }

  #zombie(): void {
    const unanswered = [...this.#open.takeAll(), ...this.#mailbox.takeAll()].filter((call) => !call.settled);
    this.stop(new BarrageError("moved"));
    this.#host.fenced(this, unanswered);
  }

  #ownTurn(): TurnFacts {
    const { clock, limits } = this.#host.ports;
    return {
      caller: SYSTEM,
      deadline: clock.monotonic() + limits.callTimeoutMs,
      chain: [],
      timer: undefined,
    };
  }
}
