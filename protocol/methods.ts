import { z } from "zod";
import { AI_METHODS, AI_NOTIFICATIONS } from "./ai_methods.ts";
import { CHAT_METHODS, CHAT_NOTIFICATIONS } from "./chat_methods.ts";
import { Ulid } from "./ids.ts";
import { RoomFrame } from "./items.ts";
import { Joined, Mute, MuteUser, Position, Say } from "./rooms.ts";
import { User } from "./users.ts";

const Empty = z.strictObject({});
const RoomOnly = z.strictObject({ room: Ulid });
const Token = z.strictObject({ token: z.string().min(1).max(4_096) });
const expiresInMs = z.int().nonnegative().meta({
  description:
    "Milliseconds until the token runs out, and the socket with it unless session.renew comes first",
});

/** Every method a client may call over the WebSocket. OpenRPC, the gateway and the SDK's types all come from here. */
export const METHODS = {
  "session.hello": {
    summary: "Say who you are; must be the first call. A page of this site may leave it to its cookie",
    params: Token.partial(),
    result: z.object({ user: User, session: z.string(), heartbeatMs: z.int().positive(), expiresInMs }),
  },
  "session.renew": {
    summary: "Go on with a newer token of the same session",
    params: Token,
    result: z.object({ user: User, expiresInMs }),
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
  "room.mute": {
    summary: "Let a user not speak in a room for a while; for its owner, moderators and operators",
    params: z.strictObject({ room: Ulid, user: Ulid, ...MuteUser.shape }),
    result: Mute,
  },
  "room.unmute": {
    summary: "Let a muted user speak again",
    params: z.strictObject({ room: Ulid, user: Ulid }),
    result: Empty,
  },
  ...CHAT_METHODS,
  ...AI_METHODS,
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
    params: z.object({
      reason: z.string(),
      reconnect: z.boolean(),
      /** Milliseconds to wait before connecting anew. */
      afterMs: z.int().nonnegative(),
      /** For so many milliseconds from now the socket is still served; absent when it is not. */
      graceMs: z.int().nonnegative().optional(),
    }),
  },
  "account.alert": {
    summary: "Something happened to your account that you should know of",
    params: z.object({
      /** `token_reused`: an old refresh token was shown, so somebody may have copied it; that session has ended. */
      reason: z.enum(["token_reused"]),
      at: z.int(),
    }),
  },
  ...CHAT_NOTIFICATIONS,
  ...AI_NOTIFICATIONS,
} as const satisfies Record<string, { summary: string; params: z.ZodType }>;

export type Notification = keyof typeof NOTIFICATIONS;
export type NotificationParams<N extends Notification> = z.infer<typeof NOTIFICATIONS[N]["params"]>;

export const SUBPROTOCOLS = { json: "barrage.v1.json", msgpack: "barrage.v1.msgpack" } as const;

export const BATCH_MAX = 16;
