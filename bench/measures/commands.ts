import { ROOT } from "../places.ts";
import { Child } from "../servers/child.ts";

/** Calls per second of a trivial actor by case, measured in a process of its own. */
export async function measureCommands(seconds: number): Promise<Record<string, number>> {
  await using child = new Child({
    command: Deno.execPath(),
    args: ["run", "-A", `${ROOT}/bench/micro/commands.ts`, `${seconds}`],
    cwd: ROOT,
  });
  return JSON.parse(await child.hear());
}
