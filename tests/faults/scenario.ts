import type { Chance } from "tests/support/fuzz_frames.ts";
import type { Company } from "./company.ts";
import type { Tempo } from "./tempo.ts";
import type { World, WorldOptions } from "./world.ts";

/** What a scenario plays on. */
export interface Stage {
  readonly world: World;
  readonly crowd: Company;
  readonly chance: Chance;
  readonly tempo: Tempo;
  readonly rounds: number;
  /** Something that a bound of this scenario forbids. */
  complain(sentence: string): void;
  /** What was measured, for the table. */
  note(sentence: string): void;
}

export type CompanyKind = "rooms" | "chat" | "ai";

/** One row of the fault table. */
export interface Scenario {
  readonly name: string;
  readonly expected: string;
  readonly world?: Pick<WorldOptions, "natsServers" | "skewMs">;
  /** Who plays: people who talk in rooms, who chat, or who ask AI models. @default {"rooms"} */
  readonly company?: CompanyKind;
  readonly rounds: number;
  /**
   * The longest time that somebody in a room may wait while nobody there gets an ack. `calmMs` is how long that was in the
   * scenarios before in which nothing was hurt: 0 when there were none.
   */
  readonly silenceMaxMs: (tempo: Tempo, calmMs: number) => number;
  /** Nothing is hurt: it shows what the machine does by itself. @default {false} */
  readonly calm?: boolean;
  /** Calls may fail towards the application. @default {true} */
  readonly mayFail?: boolean;
  run(stage: Stage): Promise<void>;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
