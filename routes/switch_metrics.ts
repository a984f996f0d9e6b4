import type { Registry } from "prom-client";
import { SWITCHES } from "protocol/switches.ts";
import { declareMetric } from "./metric.ts";
import type { LoadWatch } from "./switches/load_watch.ts";
import type { Switchboard } from "./switches/switchboard.ts";

export interface SwitchMetricsParts {
  readonly switches: Switchboard;
  readonly load: Pick<LoadWatch, "pressures">;
}

export function declareSwitchMetrics(registry: Registry, { switches, load }: SwitchMetricsParts): void {
  declareMetric(
    registry,
    "barrage_switch",
    "1 while the switch is on at this node, by an operator or by the node's own load, else 0",
    () =>
      SWITCHES.flatMap((name) => [
        [switches.setting(name) === undefined ? 0 : 1, { switch: name, by: "operator" }],
        [switches.isOnByLoad(name) ? 1 : 0, { switch: name, by: "load" }],
      ]),
    ["switch", "by"],
  );
  declareMetric(
    registry,
    "barrage_switch_changes_total",
    "How often the switch was turned on or off at this node",
    () => SWITCHES.map((name) => [switches.changes(name), { switch: name }]),
    ["switch"],
  );
  declareMetric(
    registry,
    "barrage_load",
    "The node's load at the last look, as a part of what is too much",
    () => Object.entries(load.pressures).map(([signal, value]) => [value, { signal }]),
    ["signal"],
  );
}
