import type { Bus } from "actors/bus/bus.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Config } from "config";
import type { Gateway } from "routes/gateway/gateway.ts";
import { Border } from "routes/switches/border.ts";
import { LoadWatch } from "routes/switches/load_watch.ts";
import { Switchboard } from "routes/switches/switchboard.ts";
import type { Storage } from "storage/storage.ts";

export interface SwitchGround {
  readonly node: ActorNode;
  readonly storage: Storage;
  readonly bus: Bus;
}

export interface SwitchParts {
  readonly switches: Switchboard;
  readonly border: Border;
  /** From then on the node's own load turns switches on. */
  watchLoad(gateway: Pick<Gateway, "queuedBytes">): LoadWatch;
}

export async function openSwitches(
  { switches: settings }: Config,
  { node, storage, bus }: SwitchGround,
  owned: AsyncDisposableStack,
): Promise<SwitchParts> {
  const { drops, ports: { clock, random } } = node;
  const { pollMs, ...limits } = settings;
  const switches = owned.use(
    await Switchboard.open({ store: storage.switches, bus, clock, drops, pollMs }),
  );
  return {
    switches,
    border: new Border({ switches, drops, random }),
    watchLoad: (gateway) =>
      owned.use(
        new LoadWatch({
          ...{ clock, limits, switches },
          commitsWaiting: () => storage.lane.stats.waiting,
          sendQueueBytes: () => gateway.queuedBytes(),
        }),
      ),
  };
}
