import { deepEqual, ok } from "node:assert/strict";
import { shardOf, wish } from "actors/runtime/shard.ts";
import { SHARDS } from "storage/storage.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { startThree } from "tests/support/three_nodes.ts";

const TRIES = 8;
const ROOMS = 5;
const ROOM_TRIES = 400;

Deno.test("[O15] a node that stands still swallows one try for each of its former shards, and no more", async () => {
  await using cluster = await startThree();
  const [a, b, c] = cluster.servers;
  const retries = () => a!.metric('barrage_remote_retries_total{reason="timeout"}');
  const shares = async () => await a!.metric("barrage_shards") + await b!.metric("barrage_shards");
  await cluster.servers[0]!.metricIs("barrage_shards", (shards) => shards < SHARDS / 2);
  const guest = await HttpClient.guest(a!.url);
  // Rooms of the one that will stand still, whose successor is not the node that is asked.
  const rooms = new Map<number, string>();
  for (let n = 0; rooms.size < ROOMS; n++) {
    ok(n < ROOM_TRIES, "no such rooms came");
    const { id } = await guest.room();
    const shard = shardOf("room", id);
    if (wish(shard, ["a", "b", "c"]) === "c" && wish(shard, ["a", "b"]) === "b") rooms.set(shard, id);
  }
  c!.signal("SIGSTOP");
  try {
    const end = performance.now() + 20_000;
    while (await shares() < SHARDS) ok(performance.now() < end, "nobody took the shards over");
    const before = await retries();
    const answers: number[] = [];
    for (let n = 0; n < TRIES; n++) {
      for (const room of rooms.values()) answers.push((await guest.get(`/v1/rooms/${room}/messages`)).status);
    }
    deepEqual(answers, Array(TRIES * ROOMS).fill(200));
    // On a slow machine one that lives may also take too long, once or twice.
    const swallowed = await retries() - before;
    ok(swallowed <= 2 * ROOMS, `${swallowed} tries were swallowed`);
  } finally {
    c!.signal("SIGCONT");
  }
});
