import { createRoute, z } from "@hono/zod-openapi";
import { Ulid } from "protocol/ids.ts";
import type { Position } from "protocol/rooms.ts";
import { roomActor } from "actors/room/definition.ts";
import { ANONYMOUS } from "actors/runtime/caller.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { networkOf } from "./client_address.ts";
import type { EventStreams } from "./gateway/event_streams.ts";
import { createHttpApp, failure } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};
const LAST_EVENT_ID = /^(\d{1,15})-(\d{1,15})$/;

const events = createRoute({
  method: "get",
  path: "/v1/rooms/{room}/events",
  summary: "Watch a room as Server-Sent Events",
  description:
    "First `room.joined`, then `room.frame` events. The id of each is `epoch-offset`; `Last-Event-ID` resumes.",
  tags: ["rooms"],
  request: {
    params: z.object({ room: Ulid }),
    headers: z.object({
      "last-event-id": z.string().regex(LAST_EVENT_ID, "must look like 3-120").optional(),
    }),
  },
  responses: {
    200: { description: "The events", content: { "text/event-stream": { schema: z.string() } } },
    default: failure,
  },
});

export interface EventParts {
  readonly node: ActorNode;
  readonly streams: EventStreams;
  readonly authenticator: Authenticator;
}

export function eventRoutes({ node, streams, authenticator }: EventParts) {
  return createHttpApp().openapi(events, async (c) => {
    const verified = await authenticator.identify(c.req.raw);
    const caller = verified?.caller ?? ANONYMOUS;
    const { room } = c.req.valid("param");
    const resume = positionOf(c.req.valid("header")["last-event-id"]);
    if (c.req.method === "HEAD") {
      // Nobody would ever read, or end, a stream opened for it.
      await node.ref(roomActor, room, caller).info({});
      return new Response(null, { headers: HEADERS });
    }
    const stream = streams.open(networkOf(c.env.address), verified);
    try {
      const seat = await streams.enter(room, stream);
      const joined = await node.ref(roomActor, room, caller).join(resume === undefined ? {} : { resume });
      stream.joined({ ...joined, online: streams.online(room, joined.online) });
      seat.begin(joined);
    } catch (error) {
      stream.close();
      throw error;
    }
    return new Response(stream.body, { headers: HEADERS });
  });
}

function positionOf(lastEventId: string | undefined): Position | undefined {
  const [, epoch, offset] = LAST_EVENT_ID.exec(lastEventId ?? "") ?? [];
  return epoch === undefined ? undefined : { epoch: Number(epoch), offset: Number(offset) };
}
