import type { CompiledQuery } from "kysely";
import type { Engine } from "./engine.ts";

/** More than there are tables times sizes. */
const COMPILED_MAX = 500;

const compiled = new WeakMap<Engine["db"], Map<string, CompiledQuery>>();

/**
 * A statement whose text is the same each time. Left to itself, kysely makes a node for each value and walks them all to
 * write that text anew, which takes longer than the database does.
 * @param name Of this text alone, among those of the database.
 */
export function compiledOnce<R>(
  { db }: Engine,
  name: string,
  compile: () => CompiledQuery<R>,
  parameters: readonly unknown[],
): CompiledQuery<R> {
  let known = compiled.get(db);
  if (known === undefined) compiled.set(db, known = new Map());
  const statement = known.get(name) ?? compile();
  if (known.size < COMPILED_MAX) known.set(name, statement);
  return { ...statement, parameters } as CompiledQuery<R>;
}
