import assert from "node:assert/strict";
import { Barrage, createGuest, type Room } from "client/mod.ts";
import { Cable } from "tests/support/cable.ts";
import { startServer } from "tests/support/server.ts";
import { openRoom } from "./support/live_room.ts";
import { Recorder } from "./support/recorder.ts";

/** Reconnects at once, so that the tests are quick; the backoff has tests of its own. */
const random = () => 0.01;

async function sayAll(room: Room, texts: readonly string[]): Promise<void> {
  for (const text of texts) await room.say(text);
}

Deno.test("[C20] a viewer whose cable was pulled misses nothing and sees nothing twice", async () => {
  await using server = await startServer();
  await using cable = new Cable(server.port);
  const { id, token } = await openRoom(server.url);
  await using speaker = new Barrage({ url: server.url, token, random });
  await using viewer = new Barrage({ url: cable.url, token, random });
  await speaker.room(id).join();
  const seen = new Recorder(viewer.room(id));
  await viewer.room(id).join();
  await sayAll(speaker.room(id), ["one", "two"]);
  await seen.until("two");
  cable.pull();
  await sayAll(speaker.room(id), ["three", "four", "five"]);
  cable.plug();
  await sayAll(speaker.room(id), ["six"]);
  await seen.until("six");
  assert.deepEqual(seen.texts, ["one", "two", "three", "four", "five", "six"]);
  assert.equal(seen.gaps, 0);
});

Deno.test("[C17] what is said while the server is dead is said once when it is back", async () => {
  await using server = await startServer();
  const { id, token } = await openRoom(server.url);
  await using barrage = new Barrage({ url: server.url, token, random });
  const seen = new Recorder(barrage.room(id));
  await barrage.room(id).join();
  await barrage.room(id).say("before");
  await seen.until("before");
  await server.kill("SIGKILL");
  const said = barrage.room(id).say("meanwhile");
  await server.restart();
  await said;
  await barrage.room(id).say("after");
  await seen.until("after");
  assert.deepEqual(seen.texts, ["before", "meanwhile", "after"]);
});

Deno.test("[C8] a token that the server did not issue ends the connection as unauthenticated", async () => {
  await using server = await startServer();
  await using barrage = new Barrage({ url: server.url, token: "nobody" });
  await assert.rejects(barrage.connect(), { name: "BarrageCallError", reason: "unauthenticated" });
  assert.equal(barrage.state.status, "closed");
});

Deno.test("[C27] joining a room that does not exist rejects with not_found", async () => {
  await using server = await startServer();
  const { token } = await createGuest({ url: server.url });
  await using barrage = new Barrage({ url: server.url, token });
  await assert.rejects(barrage.room("01JD3Y4B6V8Q2Z5K7M9N0P1R2S").join(), { reason: "not_found" });
});

Deno.test("[C31] createGuest tells what is wrong with a name", async () => {
  await using server = await startServer();
  await assert.rejects(createGuest({ url: server.url, name: "x".repeat(33) }), {
    name: "BarrageCallError",
    reason: "invalid_params",
  });
});
