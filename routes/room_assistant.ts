import { createRoute, z } from "@hono/zod-openapi";
import { roomActor } from "actors/room/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { OwnAssistant, SetAssistant } from "protocol/assistants.ts";
import { Ulid } from "protocol/ids.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

const tags = ["rooms"];
const security = [{ token: [] }];
const path = "/v1/rooms/{room}/assistant";
const params = z.object({ room: Ulid });

const read = createRoute({
  method: "get",
  path,
  summary: "Show the AI of a room with what it is told",
  tags,
  security,
  request: { params },
  responses: { 200: json(OwnAssistant, "The assistant"), default: failure },
});

const set = createRoute({
  method: "put",
  path,
  summary: "Set the AI that answers in a room who calls it by its name",
  tags,
  security,
  request: { params, body: { content: { "application/json": { schema: SetAssistant } }, required: true } },
  responses: { 200: json(OwnAssistant, "The assistant"), default: failure },
});

const remove = createRoute({
  method: "delete",
  path,
  summary: "Remove the AI of a room",
  tags,
  security,
  request: { params },
  responses: { 204: { description: "The room has no assistant" }, default: failure },
});

export interface RoomAssistantParts {
  readonly node: ActorNode;
  /** Lists of rooms show assistants. */
  readonly rooms: { changed(): Promise<void> };
  readonly authenticator: Pick<Authenticator, "callerOf">;
}

export function roomAssistantRoutes({ node, rooms, authenticator }: RoomAssistantParts) {
  const roomFor = async (request: Request, id: string) =>
    node.ref(roomActor, id, await authenticator.callerOf(request));
  return createHttpApp()
    .openapi(read, async (c) => {
      const room = await roomFor(c.req.raw, c.req.valid("param").room);
      return c.json(await room.assistant({}), 200);
    })
    .openapi(set, async (c) => {
      const room = await roomFor(c.req.raw, c.req.valid("param").room);
      const assistant = await room.setAssistant(c.req.valid("json"));
      await rooms.changed();
      return c.json(assistant, 200);
    })
    .openapi(remove, async (c) => {
      const room = await roomFor(c.req.raw, c.req.valid("param").room);
      await room.removeAssistant({});
      await rooms.changed();
      return c.body(null, 204);
    });
}
