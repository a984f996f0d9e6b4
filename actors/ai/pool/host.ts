import type { ActorNode } from "actors/runtime/node.ts";
import type { CredentialStore, PoolStore } from "storage/ai_storage.ts";
import { poolActor } from "./definition.ts";
import { DEFAULT_POOL_LIMITS, type PoolLimits } from "./limits.ts";
import { PoolMeters } from "./meter.ts";
import { poolFactory } from "./pool.ts";
import type { Probe } from "./probes.ts";

export interface PoolGround {
  readonly pools: PoolStore;
  /** All there are, those that are not stored included. */
  readonly credentials: Pick<CredentialStore, "list">;
  readonly probe: Probe;
}

/** Lets the node run pools; what they did is read from the meters. */
export function hostPools(
  node: ActorNode,
  { pools, credentials, probe }: PoolGround,
  limits: PoolLimits = DEFAULT_POOL_LIMITS,
): PoolMeters {
  const meters = new PoolMeters();
  node.host(
    poolActor,
    poolFactory({ pools, credentials, probe, drops: node.drops, meters, limits, runners: node.ownership }),
  );
  return meters;
}
