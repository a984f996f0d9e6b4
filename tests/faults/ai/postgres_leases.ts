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
