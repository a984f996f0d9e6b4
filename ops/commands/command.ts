import type { ParseArgsOptionsConfig } from "node:util";
import type { Server } from "./server.ts";

/** Where secrets come from: never from the words of a command, which other users of the machine can see. */
export interface SecretInput {
  /** Whether somebody can be asked. */
  readonly terminal: boolean;
  /** Asks without showing what is typed. */
  prompt(question: string): Promise<string>;
  /** Everything that is piped in. */
  read(): Promise<string>;
}

export interface Arguments {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  /** Tells how far a command is that takes a while. */
  readonly progress: (line: string) => void;
  readonly secrets: SecretInput;
}

/** What a command did or found: a text for people, and data for `--json`. */
export interface Outcome {
  readonly text: string;
  readonly data: unknown;
  /** It was done, but what it tried does not work: scripts see it by the exit code. */
  readonly failed?: boolean;
}

export interface Command {
  /** As it is typed after its group: `role <login> user|operator`. */
  readonly usage: string;
  readonly summary: string;
  readonly options?: ParseArgsOptionsConfig;
  run(server: Server, args: Arguments): Promise<Outcome>;
}

export interface Group {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Command>>;
}

/** Something typed that makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** @throws {UsageError} when there are too few or too many. */
export function positionals<const N extends readonly string[]>(
  { positionals }: Arguments,
  ...names: N
): { readonly [K in keyof N]: string } {
  const missing = names[positionals.length];
  if (missing !== undefined) throw new UsageError(`Give the ${missing}`);
  const extra = positionals[names.length];
  if (extra !== undefined) throw new UsageError(`Cannot use ${JSON.stringify(extra)}: that is too much`);
  return positionals as unknown as { readonly [K in keyof N]: string };
}

/** @throws {UsageError} */
export function numberOption({ options }: Arguments, name: string, least: number, most: number): number {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`Cannot use --${name}: it must be a whole number from ${least} to ${most}`);
}
