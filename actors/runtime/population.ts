import type { BarrageError } from "protocol/errors.ts";
import type { Activation } from "./activation.ts";
import type { Factory } from "./behaviour.ts";
import type { ActorDefinition, Verbs } from "./definition.ts";

export interface Hosted {
  readonly definition: ActorDefinition;
  readonly factory: Factory<Verbs> | undefined;
  /** Answers without an activation, for keys of which the node already knows enough; quick and synchronous. */
  readonly refuse: ((key: string, verb: string) => BarrageError | undefined) | undefined;
  readonly activations: Map<string, Activation>;
}

export interface KindStats {
  readonly definition: ActorDefinition;
  /** Actors in memory. */
  readonly active: number;
  /** Commands in their mailboxes. */
  readonly waiting: number;
}

/** The kinds a node hosts and the actors of each that are in memory. */
export class Population {
  readonly #hosted = new Map<string, Hosted>();
  #sharded = 0;

  host(hosted: Hosted): void {
    const { kind } = hosted.definition;
    if (this.#hosted.has(kind)) throw new Error(`Cannot host ${kind}: it is hosted already`);
    this.#hosted.set(kind, hosted);
  }

  find(kind: string): Hosted | undefined {
    return this.#hosted.get(kind);
  }

  of(kind: string): Hosted {
    const hosted = this.#hosted.get(kind);
    if (hosted === undefined) throw new Error(`Cannot reach ${kind}: the kind is not hosted here`);
    return hosted;
  }

  /** Actors in memory, those bound to this node not counted. */
  get sharded(): number {
    return this.#sharded;
  }

  add(hosted: Hosted, activation: Activation): void {
    hosted.activations.set(activation.key, activation);
    if (hosted.definition.placement === "shard") this.#sharded++;
  }

  remove(activation: Activation): void {
    const hosted = this.#hosted.get(activation.definition.kind);
    if (hosted?.activations.get(activation.key) !== activation) return;
    hosted.activations.delete(activation.key);
    if (hosted.definition.placement === "shard") this.#sharded--;
  }

  *all(): Iterable<Activation> {
    for (const { activations } of this.#hosted.values()) yield* activations.values();
  }

  *ofShards(): Iterable<Activation> {
    for (const { definition, activations } of this.#hosted.values()) {
      if (definition.placement === "shard") yield* activations.values();
    }
  }

  /** Those with nothing to do, the one not used for longest first. */
  quietest(limit: number): Activation[] {
    return [...this.ofShards()].filter(({ quiet }) => quiet)
      .sort((a, b) => a.lastUsedAt - b.lastUsedAt)
      .slice(0, limit);
  }

  stats(): KindStats[] {
    return [...this.#hosted.values()].map(({ definition, activations }) => {
      let waiting = 0;
      for (const activation of activations.values()) waiting += activation.waiting;
      return { definition, active: activations.size, waiting };
    });
  }
}
