import { getLogger } from "@logtape/logtape";
import { LRUCache } from "lru-cache";
import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import { Call } from "../call.ts";
import type { Clock } from "../clock.ts";
import type { ActorDefinition } from "../definition.ts";
import type { Drops } from "../drops.ts";
import { Batch, decode, encode, failureOf, nodeSubject, queueSubject } from "./wire.ts";

const log = getLogger(["barrage", "remote"]);

/** Batches kept for one shard; more are answered `moved` and come again. */
const KEPT_MAX = 1_024;
const FAILURES_MAX = 4_096;
const encoder = new TextEncoder();
/** Characters of one message of answers: with three bytes each still below the bus's 1 MiB. */
const ANSWERS_LENGTH = 262_144;

export interface RemoteOwnerOptions {
  readonly nodeId: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly definitionOf: (kind: string) => ActorDefinition | undefined;
  /** The epoch under which this node owns the shard now. */
  readonly epochOf: (shard: number) => number | undefined;
  readonly deliver: (definition: ActorDefinition, key: string, call: Call) => void;
}

/** Takes commands from other nodes for the shards this node owns, and sends their answers back. */
export class RemoteOwner {
  readonly #options: RemoteOwnerOptions;
  /** What is sent to this node and no other: whoever sent it did not get an answer from the queue. */
  readonly #own: Subscription;
  readonly #shards = new Map<number, Subscription>();
  /** Batches for shards that are on their way to this node. */
  readonly #kept = new Map<number, BusMessage[]>();
  /** Failures by the command's id: whoever did not hear of one and asks again must not have it run now, out of order. */
  readonly #failures = new LRUCache<string, object>({ max: FAILURES_MAX });
  /** Encoded answers that wait for the end of this moment, by the node they go to. */
  readonly #outgoing = new Map<string, string[]>();

  constructor(options: RemoteOwnerOptions) {
    this.#options = options;
    this.#own = options.bus.subscribe(nodeSubject(options.nodeId, ">"), (message) => {
      this.#receive(Number(addressOf(message)[0]), message);
    });
  }

  get ready(): Promise<void> {
    return this.#own.ready;
  }

  /** Resolves when commands to the shard reach this node; until `serve` they are kept. */
  async prepare(shard: number): Promise<void> {
    if (!this.#kept.has(shard)) this.#kept.set(shard, []);
    await this.#listen(shard).ready;
  }

  /** The shard is this node's now: what was kept runs first. */
  serve(shard: number): void {
    this.#listen(shard);
    const kept = this.#kept.get(shard) ?? [];
    this.#kept.delete(shard);
    for (const message of kept) this.#receive(shard, message);
  }

  close(shard: number): void {
    // What is on the way is answered `moved`: unanswered, its sender would wait for as long as for a lost message.
    this.#shards.get(shard)?.drain();
    this.#shards.delete(shard);
    const kept = this.#kept.get(shard) ?? [];
    this.#kept.delete(shard);
    for (const message of kept) this.#receive(shard, message);
  }

  closeAll(): void {
    for (const shard of [...this.#shards.keys()]) this.close(shard);
  }

  stop(): void {
    this.closeAll();
    this.#own.drain();
  }

  #listen(shard: number): Subscription {
    const known = this.#shards.get(shard);
    if (known !== undefined) return known;
    const receive = (message: BusMessage) => this.#receive(shard, message);
    const made = this.#options.bus.subscribe(queueSubject(`${shard}.>`), receive, { queue: "own" });
    this.#shards.set(shard, made);
    return made;
  }

  #receive(shard: number, message: BusMessage): void {
    const kept = this.#kept.get(shard);
    if (kept !== undefined && kept.length < KEPT_MAX) {
      kept.push(message);
      return;
    }
    const epoch = this.#options.epochOf(shard);
    try {
      if (epoch === undefined) throw new BarrageError("moved");
      this.#take(epoch, message);
      message.respond(encode({ taken: true, epoch }));
    } catch (error) {
      const failure = BarrageError.from(error);
      if (failure.reason !== "moved") {
        this.#options.drops.count("remote", failure.reason);
        log.warn("Cannot take commands on {subject}: {error}", { subject: message.subject, error });
      }
      message.respond(encode({ error: failureOf(failure), ...(epoch === undefined ? {} : { epoch }) }));
    }
  }

  #take(epoch: number, message: BusMessage): void {
    const { definitionOf, deliver, clock } = this.#options;
    const [, kind, key, verb] = addressOf(message);
    const definition = kind === undefined ? undefined : definitionOf(kind);
    const spec = verb === undefined ? undefined : definition?.verbs[verb];
    if (definition === undefined || key === undefined || verb === undefined || spec === undefined) {
      throw new BarrageError("unknown_method", "No such actor or verb here");
    }
    const { from, calls, epoch: expected } = decode(Batch, message.data);
    if (expected !== undefined && expected !== epoch) throw new BarrageError("moved");
    const now = clock.monotonic();
    for (const { id, once, input, caller, timeoutMs, bytes, chain } of calls) {
      const failed = this.#failures.get(id);
      if (failed !== undefined) {
        this.#answer(from, failed);
        continue;
      }
      const parsed = spec.input.safeParse(input);
      if (!parsed.success) {
        this.#answer(from, { id, error: failureOf(new BarrageError("invalid_params")) });
        continue;
      }
      const facts = {
        verb,
        input: parsed.data,
        caller,
        deadline: now + timeoutMs,
        bytes,
        id: once,
        chain,
        timer: undefined,
      };
      const call = new Call(facts);
      call.answer.then(
        (output) => this.#answer(from, { id, output }),
        (error) => {
          const answer = { id, error: failureOf(BarrageError.from(error)) };
          this.#failures.set(id, answer);
          this.#answer(from, answer);
        },
      );
      deliver(definition, key, call);
    }
  }

  /** Answers that come in the same moment travel together. */
  #answer(from: string, answer: object): void {
    const waiting = this.#outgoing.get(from);
    const json = JSON.stringify(answer);
    if (waiting !== undefined) {
      waiting.push(json);
      return;
    }
    this.#outgoing.set(from, [json]);
    queueMicrotask(() => this.#flush(from));
  }

  #flush(from: string): void {
    const waiting = this.#outgoing.get(from) ?? [];
    this.#outgoing.delete(from);
    let group: string[] = [];
    let size = 0;
    for (const json of waiting) {
      if (group.length > 0 && size + json.length > ANSWERS_LENGTH) {
        this.#publish(from, group);
        group = [];
        size = 0;
      }
      group.push(json);
      size += json.length;
    }
    this.#publish(from, group);
  }

  #publish(from: string, group: readonly string[]): void {
    const body = encoder.encode(`{"answers":[${group.join(",")}]}`);
    try {
      this.#options.bus.publish(`barrage.v1.node.${from}.answers`, body);
    } catch (error) {
      this.#options.drops.count("remote", "answer_too_large");
      log.error("Cannot send answers to {from}: {error}", { from, error });
      const refusal = new BarrageError("too_large", "The answer is larger than what nodes send each other");
      // One that is larger than the bus takes travels alone.
      if (BarrageError.from(error).reason === "too_large" && group.length === 1) {
        const { id } = JSON.parse(group[0]!);
        this.#publish(from, [JSON.stringify({ id, error: failureOf(refusal) })]);
      }
    }
  }
}

/** Shard, kind, key and verb, whichever way it came. */
function addressOf({ subject }: BusMessage): string[] {
  const way = ".act.";
  return subject.slice(subject.indexOf(way) + way.length).split(".");
}
