import { deepEqual, equal, ok } from "node:assert/strict";
import type { RoomFrame } from "protocol/items.ts";
import type { Joined } from "protocol/rooms.ts";
import { EventReader } from "tests/support/event_reader.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { RawSocket } from "tests/support/raw_socket.ts";
import { type Server, startServer } from "tests/support/server.ts";

let server: Server;
let guest: HttpClient;

Deno.test.beforeAll(async () => {
  server = await startServer({ TICK_MS: 10, CONNECTIONS_PER_ADDRESS: 8 });
  guest = await HttpClient.guest(server.url);
});
Deno.test.afterAll(() => server[Symbol.asyncDispose]());

function eventsOf(room: string, on: Server = server): string {
  return `${on.url}/v1/rooms/${room}/events`;
}

async function say(room: string, text: string): Promise<void> {
  equal((await guest.post(`/v1/rooms/${room}/messages`, { text })).status, 202);
}

/** Reads frames up to the one with this text. */
async function until(reader: EventReader, text: string) {
  const texts: string[] = [];
  let id: string | undefined;
  while (!texts.includes(text)) {
    const event = await reader.next();
    if (event === undefined) throw new Error(`Cannot see ${text}: the stream has ended`);
    equal(event.event, "room.frame");
    id = event.id;
    texts.push(...(event.data as RoomFrame).items.map((item) => item.text));
  }
  return { texts, id };
}

Deno.test("[H30] a stream begins with the room as it stands and goes on with its frames, without a token", async () => {
  const { id: room } = await guest.room();
  await say(room, "before");
  await using reader = await EventReader.open(eventsOf(room));
  const { headers } = reader.response;
  deepEqual(
    [headers.get("content-type"), headers.get("cache-control"), headers.get("x-accel-buffering")],
    ["text/event-stream", "no-store", "no"],
  );
  const first = await reader.next();
  const joined = first?.data as Joined;
  deepEqual([first?.event, first?.id], ["room.joined", `${joined.epoch}-1`]);
  deepEqual(joined.recent.map(({ text }) => text), ["before"]);
  await say(room, "after");
  deepEqual((await until(reader, "after")).texts, ["after"]);
});

Deno.test("[H31] Last-Event-ID resumes: what was missed comes in the first event, then what is new", async () => {
  const { id: room } = await guest.room();
  const first = await EventReader.open(eventsOf(room));
  await first.next();
  await say(room, "one");
  const { id: lastEventId = "" } = await until(first, "one");
  await first[Symbol.asyncDispose]();
  await say(room, "two");
  await say(room, "three");
  await using again = await EventReader.open(eventsOf(room), { "last-event-id": lastEventId });
  const joined = (await again.next())?.data as Joined;
  deepEqual([joined.recovered, joined.recent.map(({ text }) => text)], [true, ["two", "three"]]);
  await say(room, "four");
  deepEqual((await until(again, "four")).texts, ["four"]);
});

Deno.test("[H31] a Last-Event-ID that cannot be is refused with its path", async () => {
  const { id: room } = await guest.room();
  for (const lastEventId of ["x", "1", "1-", "-1-2", "1-2-3", "1-9999999999999999"]) {
    const { status, body } = await guest.get(`/v1/rooms/${room}/events`, { "last-event-id": lastEventId });
    deepEqual([status, body.reason, body.path], [422, "invalid_params", "header.last-event-id"], lastEventId);
  }
});

Deno.test("[H32] a reader that leaves gives its place and its seat back", async () => {
  const { id: room } = await guest.room();
  const reader = await EventReader.open(eventsOf(room));
  await reader.next();
  equal(await server.metric("barrage_viewers"), 1);
  await reader[Symbol.asyncDispose]();
  await server.metricIs("barrage_event_streams", 0);
  await server.metricIs("barrage_viewers", 0);
});

Deno.test("[H32] HEAD opens no stream", async () => {
  const { id: room } = await guest.room();
  const response = await fetch(eventsOf(room), { method: "HEAD" });
  deepEqual([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
  equal(await server.metric("barrage_event_streams"), 0);
});

Deno.test("[H32] streams over the number of an address are refused with 503", async () => {
  const { id: room } = await guest.room();
  const readers = await Promise.all(Array.from({ length: 8 }, () => EventReader.open(eventsOf(room))));
  const { status, headers, body } = await guest.get(`/v1/rooms/${room}/events`);
  deepEqual([status, body.reason], [503, "overloaded"]);
  ok(Number(headers.get("retry-after")) > 0);
  for (const reader of readers) await reader[Symbol.asyncDispose]();
  await server.metricIs("barrage_event_streams", 0);
});

Deno.test("[H33] a reader that does not read is cut off and counted", async () => {
  await using strict = await startServer({ SEND_QUEUE_MAX_BYTES: 65_536, TICK_MS: 10, ROOM_RECENT_ITEMS: 0 });
  const owner = await HttpClient.guest(strict.url);
  const { id: room } = await owner.room();
  using _stuck = await RawSocket.request(
    strict.port,
    `GET /v1/rooms/${room}/events HTTP/1.1\r\nHost: x\r\n\r\n`,
  );
  await strict.metricIs("barrage_viewers", 1);
  for (let n = 0; await strict.metric("barrage_event_streams") > 0; n++) {
    ok(n < 1_000, "the stream is never cut off");
    const speakers = await Promise.all(Array.from({ length: 16 }, () => HttpClient.guest(strict.url)));
    await Promise.all(
      speakers.flatMap((speaker, s) =>
        Array.from(
          { length: 16 },
          (_, i) =>
            speaker.post(`/v1/rooms/${room}/messages`, { text: `${n} ${s} ${i} ${"弹".repeat(180)}` }),
        )
      ),
    );
  }
  equal(await strict.metric('barrage_drops_total{place="gateway",reason="slow_event_stream"}'), 1);
  await strict.metricIs("barrage_viewers", 0);
});

Deno.test("[H34] the end of the room is the last thing a stream tells of it, and a stop ends every stream", async () => {
  await using mortal = await startServer();
  const owner = await HttpClient.guest(mortal.url);
  const { id: room } = await owner.room();
  await using reader = await EventReader.open(eventsOf(room, mortal));
  await reader.next();
  await owner.patch(`/v1/rooms/${room}`, { state: "ended" });
  let frame: RoomFrame | undefined;
  while (frame?.state === undefined) frame = (await reader.next())?.data as RoomFrame;
  equal(frame.state, "ended");
  const ended = mortal.kill("SIGTERM");
  equal(await reader.next(), undefined);
  equal((await ended).code, 0);
});
