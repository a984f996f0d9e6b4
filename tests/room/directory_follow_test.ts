import { encodeTime } from "@std/ulid";
import assert from "node:assert/strict";
import { RoomDirectory } from "actors/room/directory.ts";
import { DEFAULT_ROOM_SETTINGS } from "protocol/rooms.ts";
import { openSqlite } from "storage/sqlite.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const HOUR_MS = 3_600_000;

Deno.test("[F5] a room whose id was made by a clock two hours off is refused by no node", async () => {
  const clock = new VirtualClock();
  await using storage = await openSqlite({ path: ":memory:", clock: () => clock.now() });
  const directory = new RoomDirectory();
  const stopping = new AbortController();
  const following = directory.follow(storage.rooms, clock, stopping.signal);
  await clock.advance(10 * 60_000);
  const idMadeAt = (at: number) => `${encodeTime(at, 10)}0000000000000001`;
  assert.equal(directory.refuse(idMadeAt(clock.now() - 24 * HOUR_MS), "join")?.reason, "not_found");
  const id = idMadeAt(clock.now() - 2 * HOUR_MS);
  await storage.rooms.create({
    id,
    title: "Made with a wrong clock",
    owner: { id, name: "Ann" },
    state: "live",
    settings: DEFAULT_ROOM_SETTINGS,
    moderators: [],
    mutes: [],
    createdAt: clock.now(),
    head: 0,
    total: 0,
  }, 1);
  assert.equal(directory.refuse(id, "join"), undefined);
  await clock.advance(24 * HOUR_MS);
  assert.equal(directory.refuse(id, "join"), undefined);
  stopping.abort();
  await following;
});
