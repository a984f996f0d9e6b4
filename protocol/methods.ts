import { z } from "zod";
import { Ulid } from "./ids.ts";
import { RoomFrame } from "./items.ts";
import { Joined, Position, Say } from "./rooms.ts";
import { User } from "./users.ts";

const Empty = z.strictObject({});
const RoomOnly = z.strictObject({ room: Ulid });

/** Every method a client may call over the WebSocket. OpenRPC, the gateway and the SDK's types all come from here. */
export const METHODS = {
  "session.hello": {
    summary: "Say who you are; must be the first call",
    params: z.strictObject({ token: z.string().min(1).max(4_096) }),
    result: z.object({ user: User, session: z.string(), heartbeatMs: z.int().positive() }),
  },
  "session.ping": {
    summary: "Heartbeat; send one when nothing else was sent for heartbeatMs",
    params: Empty,
    result: z.object({ now: z.int() }),
  },
  "room.join": {
    summary: "Enter a room and receive its frames",
    params: z.strictObject({ room: Ulid, resume: Position.optional() }),
    result: Joined,
  },
  "room.leave": { summary: "Leave a room", params: RoomOnly, result: Empty },
  "room.pause": {
    summary: "Stop frames while hidden; a summary comes now and then",
    params: RoomOnly,
    result: Empty,
  },
  "room.unpause": { summary: "Receive frames again", params: RoomOnly, result: Empty },
  "room.say": {
    summary: "Send a danmaku; acknowledged when it is durable",
    params: z.strictObject({ room: Ulid, ...Say.shape }),
    result: z.object({ accepted: z.literal(true) }),
  },
} as const satisfies Record<string, { summary: string; params: z.ZodType; result: z.ZodType }>;

export type Method = keyof typeof METHODS;
export type Params<M extends Method> = z.input<typeof METHODS[M]["params"]>;
export type Parsed<M extends Method> = z.output<typeof METHODS[M]["params"]>;
export type Result<M extends Method> = z.infer<typeof METHODS[M]["result"]>;

/** What the server sends unasked. */
export const NOTIFICATIONS = {
  "room.frame": { summary: "All items of one tick", params: RoomFrame },
  "session.closing": {
    summary: "The server is about to close this socket",
    params: z.object({ reason: z.string(), reconnect: z.boolean(), afterMs: z.int().nonnegative() }),
  },
} as const satisfies Record<string, { summary: string; params: z.ZodType }>;

export type Notification = keyof typeof NOTIFICATIONS;
export type NotificationParams<N extends Notification> = z.infer<typeof NOTIFICATIONS[N]["params"]>;

export const SUBPROTOCOLS = { json: "barrage.v1.json", msgpack: "barrage.v1.msgpack" } as const;

export const BATCH_MAX = 16;
