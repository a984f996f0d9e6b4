import type { z } from "zod";
import type { Fence } from "storage/storage.ts";

export interface VerbSpec {
  readonly input: z.ZodType;
  readonly output: z.ZodType;
  /** Up to this many waiting commands share one turn. */
  readonly batched?: number;
  /** Timers, operators and the runtime itself use the reserved lane, which stays open when the mailbox is full. */
  readonly reserved?: true;
}

export type Verbs = Readonly<Record<string, VerbSpec>>;

/**
 * What an actor of this kind understands. `shard` actors live on the node that owns their shard; `node` actors live
 * where they were spawned, such as a session beside its socket.
 */
export interface ActorDefinition<V extends Verbs = Verbs> {
  readonly kind: string;
  readonly placement: "shard" | "node";
  readonly key: z.ZodType<string>;
  readonly verbs: V;
  /** The stored thing whose row carries this actor's fence; absent for actors that store nothing. */
  readonly noun?: Fence["noun"];
  /** It leaves memory after so many milliseconds without a command, if that is sooner than others do. */
  readonly idleMs?: number;
}

export function defineActor<const V extends Verbs>(definition: ActorDefinition<V>): ActorDefinition<V> {
  return Object.freeze(definition);
}

export type Input<S extends VerbSpec> = z.output<S["input"]>;
export type Output<S extends VerbSpec> = z.output<S["output"]>;
