import type { Engine, Trx } from "./engine.ts";
import { HeldChanges } from "./held_changes.ts";
import type { Fence } from "./lane.ts";
import type { Change } from "./writes.ts";

/** What one actor wants done, all or nothing. */
export interface Work {
  readonly fence: Fence;
  readonly changes: readonly Change[];
}

/**
 * Carries out the changes of all units. Those of one kind are held back and joined per table; whatever else the same
 * actor does to that table waits for them, so every actor sees its own changes in its own order.
 */
export async function carryOut(engine: Engine, trx: Trx, units: readonly Work[]): Promise<void> {
  const held = new HeldChanges(engine, trx);
  for (const { fence, changes } of units) {
    for (const change of changes) {
      switch (change.kind) {
        case "insert":
          held.insert(fence.id, change);
          break;
        case "patch":
          held.patch(fence.id, change);
          break;
        case "put":
          held.put(fence.id, change);
          break;
        case "remove":
          held.remove(fence.id, change);
          break;
        case "run":
          for (const table of change.tables) await held.flushBefore(fence.id, table);
          await change.run(trx);
          break;
      }
    }
  }
  await held.flush();
}
