import { ROOT } from "../places.ts";
import { Child } from "../servers/child.ts";

/**
 * Runs a program of this folder in a process of its own and returns the one line of JSON that it prints.
 * @param flags For Deno.
 */
export async function runMicro<T>(
  program: string,
  args: readonly (number | string)[],
  flags: readonly string[] = [],
): Promise<T> {
  await using child = new Child({
    command: Deno.execPath(),
    args: ["run", "-A", ...flags, `${ROOT}/bench/micro/${program}`, ...args.map(String)],
    cwd: ROOT,
  });
  const result = JSON.parse(await child.hear());
  // It may have something to tidy up.
  await child.ignoreTheRest();
  return result;
}
