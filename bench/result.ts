import type { Machine } from "./machine.ts";
import type { StartTimes } from "./measures/start.ts";
import type { Options } from "./options.ts";
import type { FanOutPart } from "./parts/fan_out.ts";
import type { MemoryPart } from "./parts/memory.ts";

/** Everything one run measured; what was not run is absent. Written to bench/out/result.json. */
export interface Result {
  readonly machine: Machine;
  readonly options: Options;
  heavy?: FanOutPart;
  light?: FanOutPart;
  frames?: FanOutPart;
  memory?: MemoryPart;
  commands?: Readonly<Record<string, number>>;
  start?: StartTimes;
}
