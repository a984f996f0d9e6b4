import { getLogger } from "@logtape/logtape";
import { poolKey, QueueEvent } from "actors/ai/pool/definition.ts";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import type { Caller } from "actors/runtime/caller.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { AnswerChannel, type Joined } from "./answer_channel.ts";
import { type AnswerReader, isOver } from "./reading.ts";

const log = getLogger(["barrage", "gateway"]);
const decoder = new TextDecoder();

export interface AiHubOptions {
  readonly nodeId: string;
  readonly node: ActorNode;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** Who reads which answer on this node. */
export class AiHub implements Disposable {
  readonly #options: AiHubOptions;
  readonly #channels = new Map<string, AnswerChannel>();
  /** Of pools that somebody here waits for. */
  readonly #queues = new Map<
    string,
    { readonly subscription: Subscription; readonly answers: Set<string> }
  >();

  constructor(options: AiHubOptions) {
    this.#options = options;
  }

  get answers(): number {
    return this.#channels.size;
  }

  get readers(): number {
    let sum = 0;
    for (const { readers } of this.#channels.values()) sum += readers;
    return sum;
  }

  /**
   * The view first, then, from `begin` on, what follows.
   * @throws {BarrageError} What the answer says to this caller.
   */
  async read(answer: string, reader: AnswerReader, caller: Caller, from: number): Promise<Joined> {
    const joined = await this.#channel(answer).join(reader, caller, from);
    const { feature, model } = joined.view;
    // One that runs may have to wait again.
    if (!isOver(joined.view)) this.#watch(poolKey(feature, model), answer);
    return joined;
  }

  [Symbol.dispose](): void {
    for (const { subscription } of this.#queues.values()) subscription.unsubscribe();
    this.#queues.clear();
  }

  #channel(answer: string): AnswerChannel {
    let channel = this.#channels.get(answer);
    if (channel === undefined) {
      channel = new AnswerChannel({
        ...this.#options,
        answer,
        onEmpty: () => {
          this.#channels.delete(answer);
          this.#unwatch(answer);
        },
      });
      this.#channels.set(answer, channel);
    }
    return channel;
  }

  #watch(pool: string, answer: string): void {
    if (!this.#channels.has(answer)) return;
    let queue = this.#queues.get(pool);
    if (queue === undefined) {
      const subject = `barrage.v1.evt.pool.${pool}.queue`;
      const subscription = this.#options.bus.subscribe(subject, (message) => this.#moved(message));
      this.#queues.set(pool, queue = { subscription, answers: new Set() });
    }
    queue.answers.add(answer);
  }

  #unwatch(answer: string): void {
    for (const [pool, { subscription, answers }] of this.#queues) {
      if (!answers.delete(answer) || answers.size > 0) continue;
      subscription.unsubscribe();
      this.#queues.delete(pool);
    }
  }

  #moved({ data }: BusMessage): void {
    try {
      const { places } = QueueEvent.parse(JSON.parse(decoder.decode(data)));
      for (const [answer, position, etaMs] of places) {
        this.#channels.get(answer)?.place({ answer, position, etaMs });
      }
    } catch (error) {
      this.#options.node.drops.count("ai", "parse");
      log.warn("Cannot read the places of those who wait: {error}", { error });
    }
  }
}
