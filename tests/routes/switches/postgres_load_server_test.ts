import { deepEqual, equal } from "node:assert/strict";
import { RUNGS } from "routes/switches/load_ladder.ts";
import { withTransaction } from "tests/storage/postgres_transaction.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startServer } from "tests/support/server.ts";

const onByLoad = (name: string) => `barrage_switch{switch="${name}",by="load"}`;

Deno.test("[SW20] [SW25] a node whose writes wait sheds by itself, stays ready, and stops when the database goes on", async () => {
  await withTransaction(async (DATABASE_URL, transaction) => {
    await using server = await startServer({
      DATABASE_URL,
      ...{ LOAD_COMMITS_WAITING: 1, LOAD_RISE_MS: 250, LOAD_FALL_MS: 250, CALL_TIMEOUT_MS: 30_000 },
    });
    const key = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
    const operator = new HttpClient(server.url, key);
    const rooms = [(await operator.room()).id, (await operator.room()).id];
    await transaction.query("BEGIN");
    await transaction.query("SELECT id FROM room FOR UPDATE");
    // The first is being committed, the second waits.
    const saying = rooms.map((room) => operator.post(`/v1/rooms/${room}/messages`, { text: "hello" }));
    await server.metricIs(onByLoad(RUNGS.at(-1)!), 1);
    const { body } = await operator.get<{ status: string; switches: string[] }>("/readyz");
    deepEqual([body.status, body.switches], ["ready", RUNGS]);
    equal((await new HttpClient(server.url).post("/v1/guests", {})).body.reason, "overloaded");
    equal((await operator.get("/v1/rooms")).headers.get("barrage-switches"), RUNGS.join(", "));
    await transaction.query("ROLLBACK");
    for (const said of saying) equal((await said).status, 202);
    await server.metricIs(onByLoad(RUNGS[0]), 0);
    equal((await new HttpClient(server.url).post("/v1/guests", {})).status, 201);
    await server.logged(/Switch \S*shed-guests\S* is on: \S*load/);
  });
});
