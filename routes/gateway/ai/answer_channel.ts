import { getLogger } from "@logtape/logtape";
import { answerActor, type AnswerVerbs } from "actors/ai/answer/definition.ts";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import { type Caller, SYSTEM } from "actors/runtime/caller.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { AiPlace, AnswerView } from "protocol/ai.ts";
import { BarrageError, ERRORS } from "protocol/errors.ts";
import { AnswerNotice } from "./answer_notice.ts";
import { type AnswerReader, Reading } from "./reading.ts";

const log = getLogger(["barrage", "gateway"]);

/** The actor takes a node that says nothing for 45 s to have no readers. */
const ATTEND_MS = 15_000;
/** After so long without an event it is asked where it stands: the bus may have lost the last one. */
const SILENCE_MS = 5_000;

export interface ChannelOptions {
  readonly answer: string;
  readonly nodeId: string;
  readonly node: ActorNode;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly onEmpty: () => void;
}

/** A reader and how to take him away. */
export interface Joined {
  readonly view: AnswerView;
  /** The view is on the wire. */
  begin(): void;
  leave(): void;
}

/**
 * All readers of one answer on this node, behind one subscription.
 *
 * How a reader misses nothing: the subscription is ready before the answer is asked where it stands, and events are kept
 * from then on. When its view is on the wire, what was kept and is newer follows (cutover), and he is live. Each event
 * names its offset; whoever has less than that, or another attempt, asks again. After silence all ask again, as the
 * last event may have been lost.
 */
export class AnswerChannel {
  readonly #options: ChannelOptions;
  readonly #subscription: Subscription;
  readonly #readings = new Set<Reading>();
  #epoch = 0;
  #heardAt: number;
  #toldAt = -Infinity;
  #told = 0;
  #asking: "no" | "yes" | "and again" = "no";
  #cancelTimer: () => void;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const { bus, answer, clock } = options;
    this.#heardAt = clock.monotonic();
    this.#subscription = bus.subscribe(
      `barrage.v1.evt.answer.${answer}.*`,
      (message) => this.#receive(message),
    );
    this.#cancelTimer = clock.after(SILENCE_MS, () => this.#look());
  }

  get readers(): number {
    return this.#readings.size;
  }

  /** @throws {BarrageError} `forbidden`, `not_found`: whatever the answer says to this caller. */
  async join(reader: AnswerReader, caller: Caller, from: number): Promise<Joined> {
    const reading = new Reading(this.#options.answer, reader, () => {
      this.#options.node.drops.count("ai", "lost_on_bus");
      this.#askAgain();
    });
    this.#readings.add(reading);
    try {
      await this.#subscription.ready;
      const view = await this.#ref(caller).follow({ from });
      this.#attend();
      return {
        view,
        begin: () => {
          reading.begin(view);
          if (reading.over) this.#leave(reading);
        },
        leave: () => this.#leave(reading),
      };
    } catch (error) {
      this.#leave(reading);
      throw error;
    }
  }

  place(place: AiPlace): void {
    for (const reading of this.#readings) reading.place(place);
  }

  #ref(caller: Caller): Ref<AnswerVerbs> {
    return this.#options.node.ref(answerActor, this.#options.answer, caller);
  }

  #leave(reading: Reading): void {
    reading.leave();
    if (!this.#readings.delete(reading)) return;
    this.#attend();
    if (this.#readings.size > 0) return;
    this.#cancelTimer();
    this.#subscription.unsubscribe();
    this.#options.onEmpty();
  }

  #receive(message: BusMessage): void {
    const notice = new AnswerNotice(message);
    if (notice.epoch < this.#epoch) return this.#options.node.drops.count("ai", "old_epoch");
    this.#epoch = notice.epoch;
    this.#heardAt = this.#options.clock.monotonic();
    for (const reading of [...this.#readings]) {
      reading.take(notice);
      if (reading.over) this.#leave(reading);
    }
  }

  #look(): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    if (now - this.#heardAt >= SILENCE_MS) this.#askAgain();
    if (now - this.#toldAt >= ATTEND_MS) this.#attend();
    this.#cancelTimer = clock.after(SILENCE_MS, () => this.#look());
  }

  #attend(): void {
    const readers = this.#readings.size;
    const now = this.#options.clock.monotonic();
    if (readers === 0 && this.#told === 0) return;
    // Only the first and the last matter at once.
    if (Math.min(1, readers) === Math.min(1, this.#told) && now - this.#toldAt < ATTEND_MS) return;
    this.#toldAt = now;
    this.#told = readers;
    this.#ref(SYSTEM).attend({ node: this.#options.nodeId, readers }).catch((error) => {
      log.debug("Cannot tell an answer of its readers: {error}", { error });
    });
  }

  #askAgain(): void {
    // What is missed while it is asked, its word may not hold.
    if (this.#asking !== "no") this.#asking = "and again";
    else if (this.#live.length > 0) this.#ask();
  }

  get #live(): Reading[] {
    return [...this.#readings].filter((reading) => reading.live);
  }

  #ask(): void {
    this.#asking = "yes";
    this.#catchUp().catch((error) => {
      // Whatever it was, after some silence it is asked again.
      this.#asking = "yes";
      // Where a node has died, that is so for all of its answers.
      const passes = ERRORS[BarrageError.from(error).reason].retry;
      log[passes ? "debug" : "warn"]("Cannot ask an answer where it stands: {error}", { error });
    }).finally(() => {
      const again = this.#asking === "and again";
      this.#asking = "no";
      if (again) this.#askAgain();
    });
  }

  async #catchUp(): Promise<void> {
    const live = this.#live;
    const least = Math.min(...live.map(({ offset }) => offset));
    let view = await this.#ref(SYSTEM).follow({ from: least });
    // Another attempt: from which offset on it differs is unknown.
    if (least > 0 && live.some(({ attempt }) => attempt !== view.attempt)) {
      view = await this.#ref(SYSTEM).follow({ from: 0 });
    }
    this.#heardAt = this.#options.clock.monotonic();
    for (const reading of live) {
      reading.catchUp(view);
      if (reading.over) this.#leave(reading);
    }
  }
}
