// @ts-types="@types/pg"
import pg from "pg";

/** Leases that the database still holds, read past the server's own code. */
export async function leasesIn(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query("SELECT count(*)::int AS n FROM lease");
    return rows[0].n;
  } finally {
    await client.end();
  }
}

/** Jain's index (Jain, Chiu, Hawe 1984): 1 when all got the same, 1/n when one got all. */
export function jain(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? 1 : sum * sum / (shares.length * squares);
}
