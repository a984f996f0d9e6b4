import type { AnswerView } from "protocol/ai.ts";
import { BarrageError, type Reason } from "protocol/errors.ts";
import type { Behaviour, Factory, Self, Turn } from "actors/runtime/behaviour.ts";
import { SYSTEM } from "actors/runtime/caller.ts";
import type { Input, Output } from "actors/runtime/definition.ts";
import { poolActor } from "../pool/definition.ts";
import { Askers, userOf } from "./askers.ts";
import { Asking, type AskingPorts, jobOf } from "./asking.ts";
import type { AnswerVerb, AnswerVerbs, Piece } from "./definition.ts";
import { afterFault } from "./failover.ts";
import { Journal, type JournalPorts } from "./journal.ts";
import { Readers } from "./readers.ts";
import type { Errand } from "./run.ts";
import { RunningCall } from "./running_call.ts";

const TICK_MS = 1_000;
/** A pool that died between our asking and our first commit has not heard of us. */
const QUEUE_AGAIN_MS = 10_000;
/** Who is served at once and is told nothing was lent a slot before; that comes back when its process is gone. */
const SERVED_AGAIN_MS = 2_000;

type In<V extends AnswerVerb> = Input<AnswerVerbs[V]>;
type Out<V extends AnswerVerb> = Output<AnswerVerbs[V]>;
type Nothing = Record<string, never>;
type FaultPiece = Extract<Piece, { kind: "fault" }>;

/** Whoever makes the calls of this node. */
export interface Caller {
  begin(errand: Errand, model: string): void;
  cancel(lease: string): void;
}

export type AnswerPorts = AskingPorts & JournalPorts & { readonly calls: Caller };

export function answerFactory(ports: AnswerPorts): Factory<AnswerVerbs> {
  return (self) => new Answer(self, ports);
}

class Answer implements Behaviour<AnswerVerbs> {
  readonly #self: Self;
  readonly #ports: AnswerPorts;
  readonly #journal: Journal;
  readonly #askers: Askers;
  readonly #asking: Asking;
  readonly #readers: Readers;
  #running: RunningCall | undefined;
  /** What was shown before is unknown: the text of a call is stored a moment after it is told. */
  #inherited = false;
  #failures = 0;
  /** When the pool was told last that we wait; it may have died since. Monotonic. */
  #queuedAt = -Infinity;
  #ticking = false;

  constructor(self: Self, ports: AnswerPorts) {
    this.#self = self;
    this.#ports = ports;
    this.#journal = new Journal(self, ports);
    this.#askers = new Askers(this.#journal, ports.limits.guests);
    this.#asking = new Asking(self, this.#journal, ports);
    this.#readers = new Readers(self.clock.monotonic());
  }

  async onActivate(): Promise<void> {
    await this.#journal.load();
    this.#inherited = this.#journal.exists;
    // Whoever makes the call of an earlier incarnation is heard soon, or is silent for too long.
    if (this.#journal.state === "running") this.#running = this.#call("");
    this.#tickLater();
  }

  async onPassivate(): Promise<void> {
    await this.#journal.flush();
  }

  async ask(input: In<"ask">, turn: Turn): Promise<Out<"ask">> {
    this.#askers.authorize("ask", turn.caller);
    if (this.#journal.exists) {
      this.#askers.claim(turn.caller);
      return { answer: this.#self.key, merged: false, view: this.#journal.view(0) };
    }
    const asked = await this.#asking.ask(input, turn);
    if (!asked.merged) {
      // Another incarnation may have founded it meanwhile, for somebody else.
      this.#askers.claim(turn.caller);
      this.#queuedAt = this.#self.clock.monotonic();
    }
    this.#tickLater();
    return asked;
  }

  async admit({ user }: In<"admit">, turn: Turn): Promise<AnswerView> {
    this.#askers.authorize("admit", turn.caller);
    await this.#asking.admit(user);
    return this.#journal.view(0);
  }

  follow({ from }: In<"follow">, turn: Turn): AnswerView {
    this.#askers.authorize("follow", turn.caller);
    return this.#journal.view(from);
  }

  async cancel(_input: Nothing, turn: Turn): Promise<Nothing> {
    this.#askers.authorize("cancel", turn.caller);
    const { record } = this.#journal;
    const user = userOf(turn.caller);
    if (user !== undefined && this.#askers.include(user)) await this.#leave(user, turn);
    else if (record.endedAt === undefined) await this.#end(turn, "cancelled");
    return {};
  }

  async withdraw({ user }: In<"withdraw">, turn: Turn): Promise<Nothing> {
    this.#askers.authorize("withdraw", turn.caller);
    if (this.#askers.include(user)) await this.#leave(user, turn);
    return {};
  }

  async forget(_input: Nothing, turn: Turn): Promise<Nothing> {
    this.#askers.authorize("forget", turn.caller);
    if (!this.#journal.exists) return {};
    if (this.#journal.open) throw new BarrageError("conflict", "It is still being answered");
    await this.#journal.forget();
    return {};
  }

  attend({ node, readers }: In<"attend">, turn: Turn): Nothing {
    this.#askers.authorize("attend", turn.caller);
    this.#readers.report(node, readers, this.#self.clock.monotonic());
    return {};
  }

  granted(lease: In<"granted">, turn: Turn): Out<"granted"> {
    this.#askers.authorize("granted", turn.caller);
    if (!this.#journal.exists) return { taken: false };
    const { record } = this.#journal;
    const unheard = record.state === "running" && this.#running?.lease === "";
    if (this.#running?.lease === lease.lease || (unheard && record.attempt === lease.attempt)) {
      return { taken: true };
    }
    if (record.state !== "waiting" || record.attempt !== lease.attempt) return { taken: false };
    const { clock } = this.#self;
    const deadline = clock.monotonic() + record.until - clock.now();
    const { id: answer, request, text } = record;
    const begun = jobOf(record);
    const job = begun?.credential === lease.credential ? { job: begun.job } : {};
    this.#running = this.#call(lease.lease, lease.credential);
    this.#journal.begin(lease.credential);
    if (text !== "" || this.#inherited) this.#journal.resumed();
    this.#ports.calls.begin({ answer, lease, request, text, deadline, ...job }, record.model);
    return { taken: true };
  }

  async refused({ attempt, retryAfterMs }: In<"refused">, turn: Turn): Promise<Nothing> {
    this.#askers.authorize("refused", turn.caller);
    if (!this.#journal.exists || this.#journal.state !== "waiting") return {};
    const { record } = this.#journal;
    if (record.attempt !== attempt) return {};
    if (record.exclude.length > 0) {
      await this.#journal.write({ exclude: [] });
      await this.#enqueue(turn);
      return {};
    }
    const details = retryAfterMs === undefined ? {} : { retryAfterMs };
    await this.#fail(turn, "unavailable", "No credential can answer now", details);
    return {};
  }

  async pieces(
    { attempt, lease, credential, from, pieces }: In<"pieces">,
    turn: Turn,
  ): Promise<Out<"pieces">> {
    this.#askers.authorize("pieces", turn.caller);
    if (!this.#expects(attempt, lease, credential)) return { length: this.#journal.length, stop: true };
    // An incarnation before this one had more than it stored.
    if (from > this.#journal.length) return { length: this.#journal.length, stop: false };
    const running = this.#running!;
    running.heard();
    let at = from;
    let end: Extract<Piece, { kind: "end" | "fault" }> | undefined;
    for (const piece of pieces) {
      switch (piece.kind) {
        case "text":
          this.#journal.append(piece.text, at);
          at += piece.text.length;
          break;
        case "unshown":
          running.unshown = true;
          break;
        case "progress":
          this.#journal.progress(piece.percent);
          break;
        case "job":
          await this.#journal.write({ job: { credential, job: piece.job } });
          break;
        case "file":
          await this.#journal.keep(piece.file);
          break;
        case "usage":
          this.#journal.used(piece.usage);
          break;
        case "started":
          break;
        case "end":
        case "fault":
          end = piece;
          break;
      }
    }
    // What came together with its refusal is not shown even for a moment.
    if (end?.kind !== "fault" || end.fault !== "moderation") this.#journal.tell();
    const full = this.#journal.length >= this.#ports.limits.textMax;
    if (end?.kind === "fault") await this.#broke(end, running, turn);
    else if (end !== undefined || full) await this.#done(end?.reason ?? "length");
    else await this.#journal.checkpoint();
    return { length: this.#journal.length, stop: end === undefined && full };
  }

  async tick(_input: Nothing, turn: Turn): Promise<Nothing> {
    this.#askers.authorize("tick", turn.caller);
    this.#ticking = false;
    if (!this.#journal.exists || !this.#journal.open) return {};
    const { record } = this.#journal;
    const { clock } = this.#self;
    const now = clock.now();
    if (!record.detached && this.#readers.awayMs(clock.monotonic()) > this.#ports.limits.graceMs) {
      await this.#end(turn, "cancelled");
    } else if (now >= record.until) {
      await this.#fail(turn, "timeout", "The answer was not complete in time");
    } else if (record.state === "waiting") await this.#await(now, turn);
    else if (this.#isLost()) await this.#lost(turn);
    await this.#journal.checkpoint();
    this.#tickLater();
    return {};
  }

  /** The pieces are those of the call we wait for. An incarnation that has lost the beginning takes the call over. */
  #expects(attempt: number, lease: string, credential: string): boolean {
    if (!this.#journal.exists || !this.#journal.open || this.#journal.record.attempt !== attempt) {
      return false;
    }
    if (this.#running === undefined || this.#running.lease === "") {
      this.#running = this.#call(lease, credential);
      this.#journal.begin(credential);
    }
    return this.#running.lease === lease;
  }

  #call(lease: string, credential?: string): RunningCall {
    return new RunningCall(lease, credential, () => this.#self.clock.monotonic());
  }

  async #await(now: number, turn: Turn): Promise<void> {
    const { record } = this.#journal;
    if (now >= record.askedAt + this.#ports.limits.waitMaxMs) {
      return await this.#fail(turn, "expired", "No credential was free in time");
    }
    if (this.#self.clock.monotonic() - this.#queuedAt > QUEUE_AGAIN_MS) await this.#enqueue(turn);
  }

  /** Asked at each tick, so what the pool says is heard with the next one. */
  #isLost(): boolean {
    const { id: answer, attempt, pool } = this.#journal.record;
    return this.#running?.isLost(async () => {
      const asked = this.#self.ref(poolActor, pool).holds({ answer, attempt }, { timeoutMs: TICK_MS });
      return (await asked).held;
    }) ?? true;
  }

  /** The node that made the call is gone; what it had shown stands. */
  async #lost(turn: Turn): Promise<void> {
    const running = this.#running ?? this.#call("");
    if (running.lease !== "") this.#ports.calls.cancel(running.lease);
    await this.#broke({ kind: "fault", fault: "stalled", message: "The call fell silent" }, running, turn);
  }

  async #broke(piece: FaultPiece, { credential, unshown }: RunningCall, turn: Turn): Promise<void> {
    const { record } = this.#journal;
    const { fault, retryAfterMs } = piece;
    // What was wanted is there, and was paid for.
    const made = record.request.feature !== "text" && record.files.length > 0;
    if (made && fault !== "moderation") return await this.#done("stop");
    this.#running = undefined;
    const next = afterFault({
      ...{ fault, unshown, request: record.request, shown: record.text.length, failures: this.#failures + 1 },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    }, this.#ports.limits);
    switch (next.then) {
      case "fail":
        if (next.erase) this.#journal.erase();
        return await this.#journal.end("failed", { error: next.error, outcome: fault });
      case "retry":
        this.#failures++;
        await this.#journal.again(fault, credential);
        break;
      case "wait":
        await this.#journal.again(fault, undefined);
        break;
    }
    await this.#enqueue(turn);
  }

  /** Again is harmless: the place is the answer's id. */
  async #enqueue(turn: Turn): Promise<void> {
    const { record } = this.#journal;
    const pool = turn.ref(poolActor, record.pool, SYSTEM);
    try {
      const queued = await pool.enqueue(this.#asking.ticket(record));
      const served = queued.outcome === "queued" && queued.position === 0;
      this.#queuedAt = this.#self.clock.monotonic() - (served ? QUEUE_AGAIN_MS - SERVED_AGAIN_MS : 0);
    } catch (error) {
      const { reason, message, details } = BarrageError.from(error);
      if (reason === "unavailable" && record.exclude.length > 0) {
        // All others were tried: the first one may do by now.
        await this.#journal.write({ exclude: [] });
        return await this.#enqueue(turn);
      }
      if (reason === "not_found" || reason === "overloaded") {
        return await this.#fail(turn, reason, message, details);
      }
      // The pool moves, or its node has died. A tick asks again.
      this.#queuedAt = -Infinity;
    }
  }

  async #done(reason: "stop" | "length" | "tool_calls" | "content_filter"): Promise<void> {
    const lease = this.#running?.lease;
    this.#running = undefined;
    await this.#journal.end("done", { reason, outcome: "done" });
    if (reason === "length" && lease !== undefined) this.#ports.calls.cancel(lease);
  }

  async #fail(
    turn: Turn,
    reason: Reason,
    message: string,
    details: { readonly retryAfterMs?: number } = {},
  ): Promise<void> {
    const { retryAfterMs } = details;
    const interrupted = this.#journal.length > 0 ? { interrupted: true } : {};
    const error = {
      reason,
      message,
      ...interrupted,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
    await this.#end(turn, "failed", error);
  }

  async #end(turn: Turn, state: "cancelled" | "failed", error?: AnswerView["error"]): Promise<void> {
    const { record } = this.#journal;
    const lease = this.#running?.lease;
    const waited = record.state === "waiting";
    this.#running = undefined;
    const outcome = error?.reason ?? state;
    await this.#journal.end(state, { outcome, ...(error === undefined ? {} : { error }) });
    if (lease !== undefined && lease !== "") this.#ports.calls.cancel(lease);
    if (!waited) return;
    // Not told, the pool learns it when it grants.
    await turn.ref(poolActor, record.pool, SYSTEM).leave({ answer: record.id }).catch(() => {});
  }

  /** One asker less; without any it is not wanted. */
  async #leave(user: string, turn: Turn): Promise<void> {
    if (!this.#journal.open) return;
    const others = this.#askers.without(user);
    if (others.length > 0) await this.#journal.write({ askers: others });
    else await this.#end(turn, "cancelled");
  }

  #tickLater(): void {
    if (this.#ticking || !this.#journal.exists || !this.#journal.open) return;
    this.#ticking = true;
    this.#self.after(TICK_MS, "tick", {});
  }
}
