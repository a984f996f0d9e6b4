import type { CallOptions } from "./call.ts";
import type { Caller } from "./caller.ts";
import type { ActorDefinition, Input, Output, Verbs } from "./definition.ts";

/** A typed handle: one method per verb. Input is taken as already parsed; the border does that once. */
export type Ref<V extends Verbs> = {
  readonly [K in keyof V]: (input: Input<V[K]>, options?: CallOptions) => Promise<Output<V[K]>>;
};

export interface CallOrigin {
  readonly caller: Caller;
  readonly chain: readonly string[];
  /** No call outlives the turn that waits for it; monotonic. */
  readonly deadline: number;
}

export interface Sender {
  send(
    definition: ActorDefinition,
    key: string,
    verb: string,
    input: unknown,
    origin: CallOrigin,
    options: CallOptions | undefined,
  ): Promise<unknown>;
}

class Target {
  constructor(
    readonly sender: Sender,
    readonly definition: ActorDefinition,
    readonly key: string,
    readonly origin: CallOrigin,
  ) {}
}

type TargetClass = new (
  sender: Sender,
  definition: ActorDefinition,
  key: string,
  origin: CallOrigin,
) => Target;
const classes = new WeakMap<ActorDefinition, TargetClass>();

/** One class per definition with a method per verb: a proxy would cost more than the call. */
function targetClass(definition: ActorDefinition): TargetClass {
  const known = classes.get(definition);
  if (known !== undefined) return known;
  const made = class extends Target {};
  for (const verb of Object.keys(definition.verbs)) {
    Object.defineProperty(made.prototype, verb, {
      value(this: Target, input: unknown, options?: CallOptions) {
        return this.sender.send(this.definition, this.key, verb, input, this.origin, options);
      },
    });
  }
  classes.set(definition, made);
  return made;
}

export function makeRef<V extends Verbs>(
  sender: Sender,
  definition: ActorDefinition<V>,
  key: string,
  origin: CallOrigin,
): Ref<V> {
  const Made = targetClass(definition as ActorDefinition);
  // The class carries exactly the verbs of the definition, which the type system cannot see.
  return new Made(sender, definition as ActorDefinition, key, origin) as unknown as Ref<V>;
}
