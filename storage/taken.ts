import { type Kysely, sql } from "kysely";
import type { Work } from "./carry_out.ts";
import type { Database } from "./schema.ts";
import type { Insert } from "./writes.ts";

const AT_ONCE = 256;

interface Claim<W> {
  readonly unit: W;
  readonly values: readonly unknown[];
}

/** Which units would add a row whose unique columns a row has already. */
export async function findTaken<W extends Work>(
  db: Kysely<Database>,
  units: readonly W[],
): Promise<ReadonlySet<W>> {
  const taken = new Set<W>();
  for (const [{ table, unique }, claims] of claimsOf(units)) {
    for (let start = 0; start < claims.length; start += AT_ONCE) {
      const some = claims.slice(start, start + AT_ONCE);
      const found = await findRows(db, table, unique, some.map(({ values }) => values));
      for (const { unit, values } of some) if (found.has(nameOf(values))) taken.add(unit);
    }
  }
  return taken;
}

type Unique = Pick<Insert, "table"> & { readonly unique: readonly string[] };

function claimsOf<W extends Work>(units: readonly W[]): Map<Unique, Claim<W>[]> {
  const tables = new Map<string, Unique>();
  const claims = new Map<Unique, Claim<W>[]>();
  for (const unit of units) {
    for (const change of unit.changes) {
      if (change.kind !== "insert" || change.unique === undefined) continue;
      const { table, unique } = change;
      const known = tables.get(table) ?? { table, unique };
      tables.set(table, known);
      let of = claims.get(known);
      if (of === undefined) claims.set(known, of = []);
      for (const row of change.rows as readonly Record<string, unknown>[]) {
        const values = unique.map((column) => row[column] ?? null);
        // What is nothing is never taken.
        if (!values.includes(null)) of.push({ unit, values });
      }
    }
  }
  return claims;
}

async function findRows(
  db: Kysely<Database>,
  table: string,
  unique: readonly string[],
  wanted: readonly (readonly unknown[])[],
): Promise<ReadonlySet<string>> {
  const columns = sql.join(unique.map((column) => sql.ref(column)));
  const tuples = sql.join(wanted.map((values) => sql`(${sql.join(values)})`));
  const { rows } = await sql<Record<string, unknown>>`
    select ${columns} from ${sql.table(table)} where (${columns}) in (values ${tuples})`.execute(db);
  return new Set(rows.map((row) => nameOf(unique.map((column) => row[column]))));
}

function nameOf(values: readonly unknown[]): string {
  return JSON.stringify(values);
}
