import { type Bus, NoResponders } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import { backoffMs } from "../backoff.ts";
import { Call } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { ActorDefinition } from "../definition.ts";
import type { RemoteCounters, RetryReason } from "./counters.ts";
import type { KnownOwners } from "./known_owners.ts";
import { decode, encode, errorOf, nodeSubject, queueSubject, Taken } from "./wire.ts";

/**
 * A batch not taken in by then is sent again; with the same ids, so that nothing runs twice. The second time it gets
 * longer: where the way to the owner and back takes more than this, no answer would ever be waited for.
 */
const TAKE_MS = 500;
const TAKE_MAX_MS = 2_000;
/** A command taken in and not answered is asked after this often: its answer may have been lost on the bus. */
const ASK_AGAIN_MS = 1_500;
const BATCH_CALLS = 128;
const BATCH_BYTES = 262_144;
const RETRY = { baseMs: 5, maxMs: 250 };

interface Entry {
  /** Grows from command to command. */
  readonly place: number;
  readonly id: string;
  readonly call: Call;
  sent: boolean;
  /** How often it was sent without a word that it was not taken in. */
  doubts: number;
  takenAt: number | undefined;
}

export interface TargetOptions {
  readonly definition: ActorDefinition;
  readonly key: string;
  readonly shard: number;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly counters: RemoteCounters;
  readonly owners: KnownOwners;
  /** Name of this node, where answers go. */
  readonly from: string;
  readonly nextId: () => string;
  /** Commands that may wait or be under way to one actor. */
  readonly windowMax: number;
  /** Shared by all targets of the node: who waits for which command's answer. */
  readonly waiting: Map<string, RemoteTarget>;
}

/**
 * The way from this node to one actor elsewhere. One batch at a time is on its way until the owner has taken it in, so
 * that a retry - the actor moved, nobody listened, no answer came - never lets a later command overtake an earlier one.
 * Answers come apart from that, whenever the actor gives them. What an owner took in may be lost with it: the next one
 * refuses the first batch that names another epoch, and everything unanswered is sent again, the oldest first.
 */
export class RemoteTarget {
  readonly definition: ActorDefinition;
  readonly key: string;
  readonly shard: number;
  readonly #options: TargetOptions;
  readonly #address: string;
  #queue: Entry[] = [];
  readonly #open = new Map<string, Entry>();
  /** The last success of each sender and verb, while anything is open. */
  readonly #done = new Map<string, number>();
  #sending = false;
  #places = 0;
  #epoch: number | undefined;
  /** Of the batch on its way; the sweep ends it, as a timer for every batch would cost a tenth of the sending. */
  #patience = new AbortController();
  #patienceEnds = Infinity;
  usedAt: number;

  constructor(options: TargetOptions) {
    const { definition, key, shard } = options;
    this.definition = definition;
    this.key = key;
    this.shard = shard;
    this.#options = options;
    this.#address = `${shard}.${definition.kind}.${key}`;
    this.usedAt = options.clock.monotonic();
  }

  get idle(): boolean {
    return this.#open.size === 0;
  }

  send(call: Call): void {
    this.usedAt = this.#options.clock.monotonic();
    if (this.#open.size >= this.#options.windowMax) {
      return call.fail(
        new BarrageError("overloaded", "Too many commands wait for an actor on another node", {
          retryAfterMs: 100,
        }),
      );
    }
    const entry: Entry = {
      place: this.#places++,
      id: this.#options.nextId(),
      call,
      sent: false,
      doubts: 0,
      takenAt: undefined,
    };
    this.#open.set(entry.id, entry);
    this.#options.waiting.set(entry.id, this);
    this.#queue.push(entry);
    if (!this.#sending) this.#pump();
  }

  answered(id: string, outcome: { output: unknown } | { error: BarrageError }): void {
    const entry = this.#open.get(id);
    if (entry === undefined) return;
    if ("output" in outcome) this.#done.set(lineOf(entry), entry.place);
    this.#close(entry, "error" in outcome ? { error: honest(outcome.error, entry.doubts > 1) } : outcome);
  }

  /** Ends what is past its deadline, and asks again after answers that stay away. */
  sweep(now: number): void {
    if (now >= this.#patienceEnds) this.#giveUp();
    for (const entry of [...this.#open.values()]) {
      if (entry.call.facts.deadline <= now) {
        if (entry.sent) this.#options.counters.timeouts++;
        this.#close(entry, { error: new BarrageError(entry.sent ? "timeout" : "expired") });
      } else if (entry.takenAt !== undefined && now - entry.takenAt > ASK_AGAIN_MS) {
        this.#options.counters.askedAgain++;
        this.#askAgain([entry]);
      }
    }
    if (!this.#sending && this.#queue.length > 0) this.#pump();
  }

  stop(error: BarrageError): void {
    for (const entry of [...this.#open.values()]) this.#close(entry, { error });
  }

  /** Gives every command back, the oldest first; under its id, since a copy of it may still be on its way. */
  takeBack(): Call[] {
    const calls: Call[] = [];
    this.#giveOvertakenUp();
    for (const { id, call, doubts } of this.#open.values()) {
      this.#options.waiting.delete(id);
      const again = new Call({ ...call.facts, id: call.facts.id ?? id });
      again.answer.then(
        (output) => call.reply(output),
        (error) => call.fail(honest(BarrageError.from(error), doubts > 0)),
      );
      calls.push(again);
    }
    this.#open.clear();
    // Nobody sweeps this target any more.
    this.#giveUp();
    return calls;
  }

  async #pump(): Promise<void> {
    this.#sending = true;
    let failures = 0;
    let patienceMs = TAKE_MS;
    // Everything sent in this moment goes together.
    await Promise.resolve();
    for (;;) {
      this.#queue = this.#queue.filter(({ id }) => this.#open.has(id));
      const batch = this.#batch();
      if (batch.length === 0) break;
      const retry = await this.#deliver(batch, patienceMs);
      if (retry === undefined) {
        failures = 0;
        const taken = new Set(batch);
        this.#queue = this.#queue.filter((entry) => !taken.has(entry));
      } else {
        this.#options.counters.retries[retry]++;
        if (retry === "timeout") {
          patienceMs = Math.min(patienceMs * 2, TAKE_MAX_MS);
          await this.#options.owners.look(this.shard);
        }
        // The old owner stops listening before it says so: the new one is there already.
        if (retry === "moved" && failures++ === 0) continue;
        await this.#pause(backoffMs(failures++, this.#options.random, RETRY.baseMs, RETRY.maxMs));
      }
    }
    this.#sending = false;
  }

  /** The longest run of the same verb at the head of the queue that fits one message. */
  #batch(): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    for (const entry of this.#queue) {
      const { verb, bytes: weight } = entry.call.facts;
      if (batch.length >= BATCH_CALLS || (batch.length > 0 && bytes + weight > BATCH_BYTES)) break;
      if (batch.length > 0 && verb !== batch[0]!.call.facts.verb) break;
      batch.push(entry);
      bytes += weight;
    }
    return batch;
  }

  /** Returns why the batch has to be sent again, if it has to. */
  async #deliver(batch: readonly Entry[], patienceMs: number): Promise<RetryReason | undefined> {
    const { bus, clock, counters, owners, from } = this.#options;
    const now = clock.monotonic();
    const epoch = this.#epoch === undefined ? {} : { epoch: this.#epoch };
    const calls = batch.map(({ id, call: { facts } }) => ({
      id,
      once: facts.id ?? id,
      input: facts.input,
      caller: facts.caller,
      timeoutMs: Math.max(1, facts.deadline - now),
      bytes: facts.bytes,
      chain: [...facts.chain],
    }));
    const address = `${this.#address}.${batch[0]!.call.facts.verb}`;
    const owner = owners.of(this.shard);
    this.#patienceEnds = now + patienceMs;
    try {
      for (const entry of batch) {
        entry.sent = true;
        entry.doubts++;
      }
      const subject = owner === undefined ? queueSubject(address) : nodeSubject(owner, address);
      const reply = await bus.request(subject, encode({ from, calls, ...epoch }), {
        signal: this.#patience.signal,
      });
      const taken = decode(Taken, reply.data);
      if ("taken" in taken) {
        counters.batches++;
        this.#epoch = taken.epoch;
        for (const entry of batch) entry.takenAt = clock.monotonic();
        return undefined;
      }
      const error = errorOf(taken.error);
      if (owner !== undefined && taken.epoch === undefined) owners.wrong(this.shard, owner);
      if (error.reason === "moved" && taken.epoch !== undefined) {
        this.#epoch = taken.epoch;
        this.#giveOvertakenUp();
        this.#askAgain(this.#open.values());
      }
      for (const entry of batch) entry.doubts--;
      if (error.reason === "moved" || error.reason === "unavailable") return error.reason;
      for (const entry of batch) this.#close(entry, { error });
      return undefined;
    } catch (error) {
      if (error instanceof NoResponders) {
        if (owner !== undefined) owners.wrong(this.shard, owner);
        for (const entry of batch) entry.doubts--;
        return "no_responders";
      }
      const failure = BarrageError.from(error);
      if (failure.reason === "timeout" || failure.reason === "unavailable") return failure.reason;
      for (const entry of batch) this.#close(entry, { error: failure });
      return undefined;
    } finally {
      this.#patienceEnds = Infinity;
    }
  }

  /** Ends the wait of the batch on its way; it will be sent again. */
  #giveUp(): void {
    this.#patience.abort(new BarrageError("timeout"));
    this.#patience = new AbortController();
  }

  /** The new owner does not remember them, and running them now could be out of order: nobody knows their outcome. */
  #giveOvertakenUp(): void {
    for (const entry of [...this.#open.values()]) {
      if (this.#isOvertaken(entry)) this.#close(entry, { error: new BarrageError("timeout") });
    }
  }

  #isOvertaken(entry: Entry): boolean {
    return entry.place < (this.#done.get(lineOf(entry)) ?? -1);
  }

  #askAgain(entries: Iterable<Entry>): void {
    for (const entry of entries) {
      if (entry.takenAt === undefined) continue;
      entry.takenAt = undefined;
      this.#queue.push(entry);
    }
    this.#queue.sort((a, b) => a.place - b.place);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }

  #close(entry: Entry, outcome: { output: unknown } | { error: BarrageError }): void {
    this.#open.delete(entry.id);
    this.#options.waiting.delete(entry.id);
    if (this.idle) this.#done.clear();
    if ("error" in outcome) entry.call.fail(outcome.error);
    else entry.call.reply(outcome.output);
  }
}

/** Commands that are not to overtake each other. */
function lineOf({ call }: Entry): string {
  return `${call.sender} ${call.facts.verb}`;
}

/** One copy of a command did not run, says the error; where another copy may have run, nobody knows the outcome. */
function honest(error: BarrageError, doubtful: boolean): BarrageError {
  const denies = error.reason === "expired" || error.reason === "overloaded";
  return denies && doubtful ? new BarrageError("timeout") : error;
}
