import { createRoute, z } from "@hono/zod-openapi";
import { Ulid } from "protocol/ids.ts";
import { CreateRoom, Room, RoomPage, RoomState, UpdateRoom } from "protocol/rooms.ts";
import type { RoomDirectory } from "actors/room/directory.ts";
import { roomActor } from "actors/room/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { RoomStore } from "storage/storage.ts";
import { BarrageError } from "protocol/errors.ts";
import type { CardDesk, Shown } from "./card_desk.ts";
import { type Asker, cardAnswer, seenVersion } from "./card_answer.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

const tags = ["rooms"];
const security = [{ token: [] }];
const params = z.object({ room: Ulid });
const DEFAULT_PAGE = 20;

const create = createRoute({
  method: "post",
  path: "/v1/rooms",
  summary: "Open a room",
  tags,
  security,
  request: { body: { content: { "application/json": { schema: CreateRoom } }, required: true } },
  responses: { 201: json(Room, "The room"), default: failure },
});

const list = createRoute({
  method: "get",
  path: "/v1/rooms",
  summary: "List rooms, the newest first",
  tags,
  request: {
    query: z.object({
      before: Ulid.optional(),
      state: RoomState.optional(),
      limit: z.coerce.number().int().min(1).max(100).default(DEFAULT_PAGE),
    }),
  },
  responses: { 200: json(RoomPage, "A page of rooms; pass `next` as `before` to go on"), default: failure },
});

const read = createRoute({
  method: "get",
  path: "/v1/rooms/{room}",
  summary: "Show a room",
  tags,
  request: { params },
  responses: {
    200: json(Room, "The room"),
    304: { description: "The asker has it already" },
    default: failure,
  },
});

const update = createRoute({
  method: "patch",
  path: "/v1/rooms/{room}",
  summary: "Change or end a room",
  tags,
  security,
  request: { params, body: { content: { "application/json": { schema: UpdateRoom } }, required: true } },
  responses: { 200: json(Room, "The room"), default: failure },
});

const remove = createRoute({
  method: "delete",
  path: "/v1/rooms/{room}",
  summary: "Delete a room with everything said in it",
  tags,
  security,
  request: { params },
  responses: { 204: { description: "Deleted" }, default: failure },
});

export interface RoomParts {
  readonly node: ActorNode;
  readonly rooms: Pick<RoomStore, "list"> & {
    /** Awaited after each change, before it is answered. */
    changed(): Promise<void>;
  };
  readonly directory: Pick<RoomDirectory, "onlineOf">;
  readonly cards: CardDesk;
  /** A card older than this is shown only while outdated ones are preferred to none. */
  readonly staleMs: number;
  readonly authenticator: Authenticator;
  readonly limiter: AddressLimiter;
}

export function roomRoutes(parts: RoomParts) {
  const { node, rooms, directory, cards, staleMs, authenticator, limiter } = parts;

  return createHttpApp()
    .openapi(create, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      await limiter.take(c.env.address);
      const id = node.ports.ids.next();
      const room = await node.ref(roomActor, id, caller).create(c.req.valid("json"));
      await rooms.changed();
      return c.json(room, 201, { location: `/v1/rooms/${id}` });
    })
    .openapi(list, async (c) => {
      // Everybody sees the same; a token that is not valid is refused as everywhere.
      await authenticator.callerOf(c.req.raw);
      const { before, state, limit } = c.req.valid("query");
      const records = await rooms.list({
        limit: limit + 1,
        ...(before === undefined ? {} : { before }),
        ...(state === undefined ? {} : { state }),
      });
      const page = records.slice(0, limit).map(({ head: _head, total: _total, state, ...room }) => ({
        ...room,
        moderators: [...room.moderators],
        state: state === "live" ? "live" as const : "ended" as const,
        online: directory.onlineOf(room.id),
      }));
      const next = records.length > limit ? page.at(-1)?.id : undefined;
      return c.json({ rooms: page, ...(next === undefined ? {} : { next }) }, 200);
    })
    .openapi(read, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      const id = c.req.valid("param").room;
      const asker = { caller, has: c.req.header("if-none-match") };
      const shown = await cards.room(id, caller, seenVersion(asker));
      if (shown === undefined) throw new BarrageError("not_found", `No room ${id}`);
      if (shown.card.state === "deleted") throw new BarrageError("gone", "The room was deleted");
      c.set("openToAll", true);
      return roomAnswer(shown, directory.onlineOf(id), asker, staleMs);
    })
    .openapi(update, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      const room = await node.ref(roomActor, c.req.valid("param").room, caller).update(c.req.valid("json"));
      await rooms.changed();
      return c.json(room, 200);
    })
    .openapi(remove, async (c) => {
      const caller = await authenticator.callerOf(c.req.raw);
      await node.ref(roomActor, c.req.valid("param").room, caller).remove({});
      await rooms.changed();
      return c.body(null, 204);
    });
}

export function roomAnswer(
  { card, version, ageMs }: Shown<"room">,
  online: number,
  asker: Asker,
  staleMs: number,
): Response {
  const body = () => ({ ...card, online });
  return cardAnswer(asker, { card, version, view: online, outdated: ageMs > staleMs, body });
}
