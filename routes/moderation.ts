import { createRoute, z } from "@hono/zod-openapi";
import { Ulid } from "protocol/ids.ts";
import { Mute, Mutes, MuteUser, Room } from "protocol/rooms.ts";
import { roomActor } from "actors/room/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

const tags = ["moderation"];
const security = [{ token: [] }];
const room = z.object({ room: Ulid });
const params = room.extend({ user: Ulid });

const appoint = createRoute({
  method: "put",
  path: "/v1/rooms/{room}/moderators/{user}",
  summary: "Appoint a moderator",
  tags,
  security,
  request: { params },
  responses: { 200: json(Room, "The room"), default: failure },
});

const dismiss = createRoute({
  method: "delete",
  path: "/v1/rooms/{room}/moderators/{user}",
  summary: "Dismiss a moderator",
  tags,
  security,
  request: { params },
  responses: { 204: { description: "The user is no moderator" }, default: failure },
});

const list = createRoute({
  method: "get",
  path: "/v1/rooms/{room}/mutes",
  summary: "List who may not speak in the room at present",
  tags,
  security,
  request: { params: room },
  responses: { 200: json(Mutes, "The mutes"), default: failure },
});

const mute = createRoute({
  method: "put",
  path: "/v1/rooms/{room}/mutes/{user}",
  summary: "Let a user not speak in the room for a while",
  tags,
  security,
  request: { params, body: { content: { "application/json": { schema: MuteUser } }, required: true } },
  responses: { 200: json(Mute, "The mute"), default: failure },
});

const unmute = createRoute({
  method: "delete",
  path: "/v1/rooms/{room}/mutes/{user}",
  summary: "Let a muted user speak again",
  tags,
  security,
  request: { params },
  responses: { 204: { description: "The user is not muted" }, default: failure },
});

export interface ModerationParts {
  readonly node: ActorNode;
  /** Lists of rooms show moderators. */
  readonly rooms: { changed(): Promise<void> };
  readonly authenticator: Pick<Authenticator, "callerOf">;
}

/** What a room's owner, its moderators and operators decide about others in it. */
export function moderationRoutes({ node, rooms, authenticator }: ModerationParts) {
  const roomFor = async (request: Request, id: string) =>
    node.ref(roomActor, id, await authenticator.callerOf(request));
  return createHttpApp()
    .openapi(appoint, async (c) => {
      const { room, user } = c.req.valid("param");
      const appointed = await (await roomFor(c.req.raw, room)).appoint({ user });
      await rooms.changed();
      return c.json(appointed, 200);
    })
    .openapi(dismiss, async (c) => {
      const { room, user } = c.req.valid("param");
      await (await roomFor(c.req.raw, room)).dismiss({ user });
      await rooms.changed();
      return c.body(null, 204);
    })
    .openapi(list, async (c) => {
      const { room } = c.req.valid("param");
      return c.json(await (await roomFor(c.req.raw, room)).mutes({}), 200);
    })
    .openapi(mute, async (c) => {
      const { room, user } = c.req.valid("param");
      return c.json(await (await roomFor(c.req.raw, room)).mute({ user, ...c.req.valid("json") }), 200);
    })
    .openapi(unmute, async (c) => {
      const { room, user } = c.req.valid("param");
      await (await roomFor(c.req.raw, room)).unmute({ user });
      return c.body(null, 204);
    });
}
