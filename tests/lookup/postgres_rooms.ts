// @ts-types="@types/pg"
import pg from "pg";

/** Changes a room's title as a node does that dies right after its commit: nobody is told, but by the row it left. */
export async function renameAndDie(databaseUrl: string, room: string, title: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await client.query(
      `WITH changed AS (
        UPDATE room SET title = $2, version = version + 1 WHERE id = $1 RETURNING id, version
      )
      INSERT INTO card_change (entity, id, version, at)
      SELECT 'room', id, version, extract(epoch FROM clock_timestamp()) * 1000 FROM changed`,
      [room, title],
    );
  } finally {
    await client.end();
  }
}
