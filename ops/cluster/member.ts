import type { Program } from "../servers/program.ts";

/** One process of the cluster, as its operator sees it. */
export interface Member {
  readonly name: string;
  readonly url: string;
  /** The process of the last start. */
  readonly program: Program | undefined;
  /** Again where it was, after the first time. */
  start(): Promise<void>;
}

/** As `ended: SIGKILL` or `ended: exit 0`. */
export function describeEnd({ code, signal }: Deno.CommandStatus): string {
  return `ended: ${signal ?? `exit ${code}`}`;
}

export function describe({ name, url, program }: Member): string {
  const process = program?.alive === true ? `pid ${program.pid}` : "not running";
  return `${name.padEnd(9)} ${url.padEnd(48)} ${process}`;
}
