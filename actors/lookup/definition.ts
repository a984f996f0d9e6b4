import { z } from "zod";
import { defineActor } from "actors/runtime/definition.ts";
import { hash32 } from "actors/runtime/shard.ts";
import { Ulid } from "protocol/ids.ts";
import { ENTITIES, type Entity } from "storage/card_storage.ts";
import { LOOKUP_BATCH_MAX, LOOKUP_BUCKETS } from "./limits.ts";

const Millis = z.number().nonnegative();

/** What the store had for an id. `version` 0: nothing has the id. */
export const Looked = z.object({
  version: z.int().nonnegative(),
  /** JSON of the card; missing when nothing has the id. */
  value: z.string().optional(),
  /** How long ago the query began. */
  ageMs: Millis,
  /** How long the question was here before it was answered. */
  heldMs: Millis,
  costMs: Millis,
});
export type Looked = z.infer<typeof Looked>;

/** Reads cards of one entity, of those ids that fall into its bucket. */
export const lookupActor = defineActor({
  kind: "lookup",
  placement: "shard",
  key: z.string().regex(new RegExp(`^(${ENTITIES.join("|")})-\\d{1,3}$`)),
  verbs: {
    get: {
      input: z.object({ id: Ulid, maxAgeMs: Millis }),
      output: Looked,
      batched: LOOKUP_BATCH_MAX,
    },
  },
});
export type LookupVerbs = typeof lookupActor.verbs;

export function lookupKey(entity: Entity, id: string): string {
  return `${entity}-${hash32(id) % LOOKUP_BUCKETS}`;
}

export function entityOf(key: string): Entity {
  const entity = ENTITIES.find((entity) => key.startsWith(`${entity}-`));
  if (entity === undefined) throw new Error(`Cannot look up ${key}: there is no such entity`);
  return entity;
}
