import { deepEqual, equal, ok } from "node:assert/strict";
import { HttpClient } from "tests/support/http_client.ts";
import { startPostgres } from "tests/support/postgres.ts";
import { startServer } from "tests/support/server.ts";

Deno.test("[SW17] with serve-stale an outdated card is shown, and marked, while the database is away", async () => {
  await using postgres = await startPostgres();
  await using server = await startServer({
    DATABASE_URL: await postgres.createDatabase(),
    ...{ CARD_STALE_MS: 100, CARD_FRESH_MS: 100, CARD_ABSENT_MS: 100, CARD_FIRST_MS: 100 },
    CALL_TIMEOUT_MS: 500,
  });
  const operator = new HttpClient(
    server.url,
    (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim(),
  );
  const { id } = await operator.room({}, "Stage");
  const read = () => new HttpClient(server.url).get<{ title: string }>(`/v1/rooms/${id}`);
  equal((await read()).headers.get("barrage-degraded"), null);
  equal((await operator.put("/v1/switches/serve-stale", {})).status, 200);
  await read();
  await postgres.kill();
  // Slow queries are no outage: only what was shown in their place counts.
  const outdated = () => server.metric(`barrage_card_reads_total{from="outdated"}`);
  const until = performance.now() + 10_000;
  for (let before = await outdated();;) {
    const { status, body, headers } = await read();
    deepEqual([status, body.title], [200, "Stage"]);
    const after = await outdated();
    if (after > before) {
      equal(headers.get("barrage-degraded"), "serve-stale");
      break;
    }
    before = after;
    ok(performance.now() < until, "no outdated card was shown");
  }
});
