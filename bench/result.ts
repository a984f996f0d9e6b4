import type { Machine } from "./machine.ts";
import type { StartTimes } from "./measures/start.ts";
import type { Options } from "./options.ts";
import type { AccountsPart } from "./parts/accounts.ts";
import type { AiPart } from "./parts/ai.ts";
import type { BusPart } from "./parts/bus_bytes.ts";
import type { ChatPart } from "./parts/chat.ts";
import type { ReadsPart } from "./parts/reads.ts";
import type { FanOutPart } from "./parts/fan_out.ts";
import type { HandOffPart } from "./parts/hand_off.ts";
import type { MemoryPart } from "./parts/memory.ts";
import type { RemotePart } from "./parts/remote.ts";
import type { SpreadPart } from "./parts/spread.ts";
import type { TakeoverPart } from "./parts/takeover.ts";

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
  remote?: RemotePart;
  oneRoom?: SpreadPart;
  manyRooms?: SpreadPart;
  bus?: BusPart;
  takeover?: TakeoverPart;
  handOff?: HandOffPart;
  accounts?: AccountsPart;
  chat?: ChatPart;
  reads?: ReadsPart;
  ai?: AiPart;
}
