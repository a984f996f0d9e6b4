import type { Bus, BusMessage, Subscription } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import { invalidParams } from "protocol/issues.ts";
import type { Caller } from "../caller.ts";
import type { ActorDefinition } from "../definition.ts";
import type { Clock } from "../clock.ts";
import type { Drops } from "../drops.ts";
import type { AskCounts } from "./counters.ts";
import { failureOf } from "./wire.ts";

type Counted = { -readonly [K in keyof AskCounts]: AskCounts[K] };

/** Whoever may speak on the bus is an operator: the bus is the inside of the cluster. */
const OPERATOR: Caller = { kind: "operator", name: "bus" };

export interface AskSideOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
  readonly definitionOf: (kind: string) => ActorDefinition | undefined;
  /** Whether an actor that is bound to a node lives on this one. */
  readonly isHere: (definition: ActorDefinition, key: string) => boolean;
  readonly send: (
    definition: ActorDefinition,
    key: string,
    verb: string,
    input: unknown,
    caller: Caller,
  ) => Promise<unknown>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Commands from people and foreign programs who know an actor but not its shard:
 * `barrage.v1.ask.<kind>.<key>.<verb>` with the input as JSON, or nothing for `{}`. Any node takes it and sends it on;
 * for an actor bound to a node, the one that has it answers and the others keep silent.
 */
export class AskSide {
  readonly #options: AskSideOptions;
  readonly #subscriptions: readonly Subscription[];
  readonly #counts = new Map<string, Counted>();

  constructor(options: AskSideOptions) {
    this.#options = options;
    const one = (message: BusMessage) => this.#receive(message, "shard");
    const each = (message: BusMessage) => this.#receive(message, "node");
    this.#subscriptions = [
      options.bus.subscribe("barrage.v1.ask.*.*.*", one, { queue: "ask" }),
      options.bus.subscribe("barrage.v1.ask.*.*.*", each),
    ];
  }

  get ready(): Promise<unknown> {
    return Promise.all(this.#subscriptions.map(({ ready }) => ready));
  }

  /** By kind of actor, of those that were asked. */
  get counts(): Readonly<Record<string, AskCounts>> {
    return Object.fromEntries(this.#counts);
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #receive(message: BusMessage, placement: ActorDefinition["placement"]): void {
    const [kind, key, verb] = message.subject.split(".").slice(3);
    const definition = kind === undefined ? undefined : this.#options.definitionOf(kind);
    if (definition === undefined) {
      if (placement === "shard") {
        this.#fail(message, new BarrageError("unknown_method", "No such kind of actor"));
      }
      return;
    }
    if (definition.placement !== placement || key === undefined || verb === undefined) return;
    if (placement === "node" && !this.#options.isHere(definition, key)) return;
    this.#answer(definition, key, verb, message);
  }

  async #answer(definition: ActorDefinition, key: string, verb: string, message: BusMessage): Promise<void> {
    const { clock } = this.#options;
    const counted = this.#countedOf(definition.kind);
    const since = clock.monotonic();
    counted.requests++;
    try {
      const output = await this.#run(definition, key, verb, message);
      message.respond(encoder.encode(JSON.stringify(output)));
    } catch (error) {
      const failure = BarrageError.from(error);
      counted.errors++;
      counted.lastError = failure.reason;
      this.#fail(message, failure);
    }
    counted.processingMs += clock.monotonic() - since;
  }

  #countedOf(kind: string): Counted {
    const known = this.#counts.get(kind);
    if (known !== undefined) return known;
    const made = { requests: 0, errors: 0, lastError: "", processingMs: 0 };
    this.#counts.set(kind, made);
    return made;
  }

  async #run(definition: ActorDefinition, key: string, verb: string, message: BusMessage): Promise<unknown> {
    const spec = definition.verbs[verb];
    if (spec === undefined) throw new BarrageError("unknown_method", "No such verb");
    const input = spec.input.safeParse(readJson(message.data));
    if (!input.success) throw invalidParams(input.error, "body");
    if (!definition.key.safeParse(key).success) throw new BarrageError("invalid_params", "No such key");
    return await this.#options.send(definition, key, verb, input.data, OPERATOR);
  }

  #fail(message: BusMessage, error: BarrageError): void {
    this.#options.drops.count("ask", error.reason);
    message.respond(encoder.encode(JSON.stringify({ error: failureOf(error) })));
  }
}

function readJson(data: Uint8Array): unknown {
  const text = decoder.decode(data).trim();
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BarrageError("parse", "The body is not JSON", { cause });
  }
}
