import { BarrageError } from "protocol/errors.ts";
import type { Behaviour, Factory, Self } from "actors/runtime/behaviour.ts";
import type { Call } from "actors/runtime/call.ts";
import type { Input } from "actors/runtime/definition.ts";
import type { Entity } from "storage/card_storage.ts";
import type { Entry } from "storage/cache/versioned_cache.ts";
import { entityOf, type Looked, type LookupVerbs } from "./definition.ts";
import type { Found, Merger } from "./merger.ts";
import { refusalOf } from "./permissions.ts";

/** A card as it lies in the store: its version, and itself in JSON. */
export interface StoredCard {
  readonly version: number;
  readonly json: string;
}

export type Mergers = Readonly<Record<Entity, Merger<StoredCard>>>;

export interface LookupPorts {
  /** One per entity for the node: what its buckets are asked for at a time goes into one query. */
  readonly mergers: Mergers;
  /** Puts what was read where other nodes find it. */
  readonly fill: (entity: Entity, id: string, entry: Entry) => void;
}

export function lookupFactory(ports: LookupPorts): Factory<LookupVerbs> {
  return (self) => new Lookup(self, ports);
}

/** The one place in the cluster where an id of its bucket is looked up, so nobody else asks for it at the same time. */
class Lookup implements Behaviour<LookupVerbs> {
  readonly #self: Self;
  readonly #entity: Entity;
  readonly #ports: LookupPorts;
  /** Whose answer has been put into the cache already. */
  #filled = new WeakSet<Found<StoredCard>>();

  constructor(self: Self, ports: LookupPorts) {
    this.#self = self;
    this.#entity = entityOf(self.key);
    this.#ports = ports;
  }

  get(calls: readonly Call<Input<LookupVerbs["get"]>, Looked>[]): void {
    const merger = this.#ports.mergers[this.#entity];
    for (const call of calls) {
      const refusal = refusalOf(call.caller);
      if (refusal !== undefined) {
        call.fail(refusal);
        continue;
      }
      const { id, maxAgeMs } = call.input;
      // The turn does not wait for the query, or the bucket would stand still while a slow one runs.
      call.hold();
      merger.get(id, maxAgeMs, call.facts.deadline).then(
        (found) => call.reply(this.#answer(id, found, call.enqueuedAt)),
        (error) => call.fail(BarrageError.from(error)),
      );
    }
  }

  #answer(id: string, found: Found<StoredCard>, askedAt: number): Looked {
    const now = this.#self.clock.monotonic();
    const ageMs = Math.max(0, now - found.readAt);
    const heldMs = Math.max(0, now - askedAt);
    const { value, costMs } = found;
    const version = value?.version ?? 0;
    const json = value?.json;
    if (!this.#filled.has(found)) {
      this.#filled.add(found);
      this.#ports.fill(this.#entity, id, { version, value: json, ageMs, costMs });
    }
    return { version, ageMs, heldMs, costMs, ...(json === undefined ? {} : { value: json }) };
  }
}
