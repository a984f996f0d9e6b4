import { runMicro } from "../micro/run.ts";

/** Calls per second of a trivial actor by case, measured in a process of its own. */
export function measureCommands(seconds: number): Promise<Record<string, number>> {
  return runMicro("commands.ts", [seconds]);
}
