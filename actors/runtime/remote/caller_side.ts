import { getLogger } from "@logtape/logtape";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Call } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { ActorDefinition } from "../definition.ts";
import type { Drops } from "../drops.ts";
import type { RemoteCounters } from "./counters.ts";
import type { KnownOwners } from "./known_owners.ts";
import { RemoteTarget } from "./target.ts";
import { Answers, decode, errorOf } from "./wire.ts";

const log = getLogger(["barrage", "remote"]);

const IDLE_MS = 60_000;
const KEY = /^[A-Za-z0-9_-]{1,64}$/;

export interface RemoteCallerOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly drops: Drops;
  readonly counters: RemoteCounters;
  readonly owners: KnownOwners;
  readonly nodeId: string;
  readonly nextId: () => string;
  readonly windowMax: number;
  /** Actors elsewhere that this node may be talking to at once. */
  readonly targetsMax: number;
  /** To an actor on this node. */
  readonly deliver: (definition: ActorDefinition, key: string, call: Call) => void;
}

/** Sends commands to actors of other nodes and matches the answers that come back. */
export class RemoteCaller {
  readonly #options: RemoteCallerOptions;
  readonly #targets = new Map<string, RemoteTarget>();
  /** Which target waits for which command's answer. */
  readonly #waiting = new Map<string, RemoteTarget>();
  readonly #answers: Subscription;

  constructor(options: RemoteCallerOptions) {
    this.#options = options;
    const subject = `barrage.v1.node.${options.nodeId}.answers`;
    this.#answers = options.bus.subscribe(subject, (message) => this.#receive(message));
  }

  get ready(): Promise<void> {
    return this.#answers.ready;
  }

  /** Actors elsewhere that this node is talking to. */
  get targets(): number {
    return this.#targets.size;
  }

  /** Commands sent and not answered. */
  get waiting(): number {
    return this.#waiting.size;
  }

  send(definition: ActorDefinition, key: string, shard: number, call: Call): void {
    if (!KEY.test(key)) {
      return call.fail(new BarrageError("invalid_params", "Cannot reach the actor: its key is no token"));
    }
    const address = `${definition.kind}:${key}`;
    let target = this.#targets.get(address);
    if (target === undefined) {
      if (this.#targets.size >= this.#options.targetsMax) {
        this.#options.drops.count("remote", "overloaded");
        return call.fail(new BarrageError("overloaded", "Too many actors elsewhere", { retryAfterMs: 500 }));
      }
      const { bus, clock, random, counters, owners, nodeId: from, nextId, windowMax } = this.#options;
      const waiting = this.#waiting;
      const terms = { bus, clock, random, counters, owners, from, nextId, windowMax, waiting };
      target = new RemoteTarget({ definition, key, shard, ...terms });
      this.#targets.set(address, target);
    }
    target.send(call);
  }

  /**
   * The shard is this node's own now. What was sent elsewhere and has no answer goes to the actors here, before anything
   * that is said to them from now on.
   */
  takeBackShard(shard: number): void {
    const here = [...this.#targets.values()].filter((target) => target.shard === shard);
    for (const { definition, key } of here) {
      for (const call of this.takeBack(definition, key)) this.#options.deliver(definition, key, call);
    }
  }

  /** What was sent to one actor elsewhere and has no answer, in order. */
  takeBack({ kind }: ActorDefinition, key: string): readonly Call[] {
    const address = `${kind}:${key}`;
    const target = this.#targets.get(address);
    this.#targets.delete(address);
    return target?.takeBack() ?? [];
  }

  sweep(now: number): void {
    for (const [address, target] of this.#targets) {
      target.sweep(now);
      if (target.idle && now - target.usedAt > IDLE_MS) this.#targets.delete(address);
    }
  }

  stop(): void {
    this.#answers.unsubscribe();
    const error = new BarrageError("unavailable", "The node is stopping");
    for (const target of this.#targets.values()) target.stop(error);
  }

  #receive(message: BusMessage): void {
    let body: Answers;
    try {
      body = decode(Answers, message.data);
    } catch (error) {
      this.#options.drops.count("remote", "parse");
      return log.error("Cannot read answers: {error}", { error });
    }
    for (const answer of body.answers) {
      const outcome = "error" in answer ? { error: errorOf(answer.error) } : { output: answer.output };
      // An answer that was asked for twice, or comes after the deadline, finds nobody.
      this.#waiting.get(answer.id)?.answered(answer.id, outcome);
    }
  }
}
