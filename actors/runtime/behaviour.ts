import type { Headers } from "actors/bus/bus.ts";
import type { Survives, Write } from "storage/storage.ts";
import type { Call } from "./call.ts";
import type { Caller } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { ActorDefinition, Input, Output, Verbs, VerbSpec } from "./definition.ts";
import type { Ids } from "./ids.ts";
import type { Ref } from "./ref.ts";

/** An answer that comes after the turn has ended; the promise must not touch the actor's state. */
export class Later<O> {
  constructor(readonly answer: Promise<O>) {}
}

/** What a handler may use while its turn runs. */
export interface Turn {
  readonly caller: Caller;
  /** The deadline of the command, or of the most patient one in a batch; monotonic. */
  readonly deadline: number;
  /** Aborted when the incarnation ends. */
  readonly signal: AbortSignal;
  /** Calls made through it are awaited inside this turn, so that a circle of calls is seen and fails with `cycle`. */
  ref<V extends Verbs>(definition: ActorDefinition<V>, key: string, as?: Caller): Ref<V>;
}

export interface CommitOptions {
  /** The writes make the row that carries the actor's fence; `conflict` when it is there already. */
  readonly founding?: boolean;
  /** @default {"machine"} */
  readonly survives?: Survives;
}

/** What an actor holds of the runtime for one incarnation. */
export interface Self {
  readonly key: string;
  readonly epoch: number;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly signal: AbortSignal;
  /**
   * Durable when it resolves. Only inside a turn; a failure ends the incarnation, for its memory may then be ahead of
   * the store.
   * @throws {BarrageError} `conflict` when the writes claim what is taken: nothing is stored, and the incarnation goes on.
   */
  commit(writes: readonly Write[], options?: CommitOptions): Promise<void>;
  /** Publishes `barrage.v1.evt.<kind>.<key>.<event>`; lost if nobody listens. */
  publish(event: string, body: Uint8Array, headers?: Headers): void;
  /** Sends a command to this incarnation after `ms`; gone with the incarnation. Returns a function that cancels. */
  after(ms: number, verb: string, input: unknown): () => void;
  /** A write that sets a durable timer: `verb` comes as a command at `dueAt`, at least once, whatever happens between. */
  setTimer(name: string, dueAt: number, verb: string, input: unknown): Write;
  cancelTimer(name: string): Write;
  /** For calls that no turn waits for. */
  ref<V extends Verbs>(definition: ActorDefinition<V>, key: string, as?: Caller): Ref<V>;
}

type MaybePromise<T> = T | Promise<T>;

/** A batched handler answers every call, or holds it for a later turn. */
export type Handler<S extends VerbSpec> = S extends { readonly batched: number }
  ? (calls: readonly Call<Input<S>, Output<S>>[], turn: Turn) => MaybePromise<void>
  : (input: Input<S>, turn: Turn) => MaybePromise<Output<S> | Later<Output<S>>>;

export interface LifeHooks {
  /** Reads the state; the first turn. A BarrageError refuses everything that waits. */
  onActivate?(turn: Turn): MaybePromise<void>;
  /** Flushes before the actor leaves memory; the last turn. */
  onPassivate?(turn: Turn): MaybePromise<void>;
  /** The incarnation is over, flushed or crashed; lets go of what is not memory. Must not throw. */
  onEnd?(): void;
}

export type Behaviour<V extends Verbs> = { [K in keyof V]: Handler<V[K]> } & LifeHooks;

export type Factory<V extends Verbs> = (self: Self) => Behaviour<V>;
