import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Item } from "protocol/items.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { Server, startServer } from "tests/support/server.ts";

Deno.test("[M92] a second process on the same data directory is refused with one sentence and exit code 1", async () => {
  await using first = await startServer();
  const second = new Server({}, first.dataDir);
  await rejects(second.start());
  equal((await second.ended()).code, 1);
  const sentence = `Cannot open the data directory ${first.dataDir}: another process is using it`;
  deepEqual(second.errorOutput.trim().split("\n"), [sentence]);
  const { body } = await (await HttpClient.guest(first.url)).get<{ rooms: unknown[] }>("/v1/rooms");
  deepEqual(body.rooms, []);
});

Deno.test("[M93] after kill -9 the next start owns its rooms at once, however long the old lease would last", async () => {
  await using server = await startServer({ LEASE_TTL_MS: 300_000, LEASE_RENEW_MS: 100_000 });
  const owner = await HttpClient.guest(server.url);
  const room = await owner.room();
  for (const text of ["one", "two", "three"]) {
    const { status } = await owner.post(`/v1/rooms/${room.id}/messages`, { text });
    equal(status, 202);
    await server.kill("SIGKILL");
    await server.restart();
  }
  const { body } = await owner.get<{ items: Item[] }>(`/v1/rooms/${room.id}/messages?after=0`);
  deepEqual(body.items.map(({ text }) => text), ["one", "two", "three"]);
  ok(!server.errorOutput.includes("Cannot"), server.errorOutput);
});
