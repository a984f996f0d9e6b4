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
  /** The longest time that somebody in a room may wait while nobody there gets an ack. */
  readonly silenceMaxMs: (tempo: Tempo) => number;
  /** Calls may fail towards the application. @default {true} */
  readonly mayFail?: boolean;
  run(stage: Stage): Promise<void>;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
