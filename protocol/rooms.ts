import { z } from "zod";
import { Assistant } from "./assistants.ts";
import { ClientId, Ulid } from "./ids.ts";
import { Dropped, Item, SayStyle, SayText } from "./items.ts";
import { cleanText, codePoints } from "./text.ts";
import { User } from "./users.ts";

export const RoomTitle = z.string().max(1_000).transform(cleanText).refine(
  (title) => title.length > 0 && codePoints(title) <= 100,
  "must have 1-100 visible characters",
);

/** What an owner may set. Every field may only tighten the server's own limit. */
export const RoomSettings = z.strictObject({
  sayPerSecond: z.number().min(0.05).max(5).meta({
    description: "Danmaku per user and second, after the burst",
  }),
  sayBurst: z.int().min(1).max(20),
  textMax: z.int().min(1).max(200),
  guestsMaySay: z.boolean(),
});
export type RoomSettings = z.infer<typeof RoomSettings>;

export const DEFAULT_ROOM_SETTINGS: RoomSettings = {
  sayPerSecond: 5,
  sayBurst: 20,
  textMax: 200,
  guestsMaySay: true,
};

export const RoomState = z.enum(["live", "ended"]);

export const Room = z.object({
  id: Ulid,
  title: z.string(),
  owner: User,
  /** Ids of users. */
  moderators: z.array(Ulid),
  state: RoomState,
  settings: RoomSettings,
  assistant: Assistant.optional(),
  online: z.int().nonnegative(),
  createdAt: z.int(),
  endedAt: z.int().optional(),
});
export type Room = z.infer<typeof Room>;

export const CreateRoom = z.strictObject({ title: RoomTitle, settings: RoomSettings.partial().optional() });
export const UpdateRoom = z.strictObject({
  title: RoomTitle.optional(),
  settings: RoomSettings.partial().optional(),
  state: z.literal("ended").optional(),
});

/** At most 30 days. */
const MuteMs = z.int().min(1_000).max(30 * 86_400_000).meta({ description: "Milliseconds, 1 s - 30 days" });
export const MuteUser = z.strictObject({ forMs: MuteMs });

/** Somebody who may not speak in a room until then. */
export const Mute = z.object({
  user: Ulid,
  until: z.int().meta({ description: "Milliseconds since 1970-01-01 UTC" }),
});
export type Mute = z.infer<typeof Mute>;
export const Mutes = z.object({ mutes: z.array(Mute) });

export const Say = z.strictObject({
  text: SayText,
  id: ClientId.optional(),
  style: SayStyle.optional(),
});

export const Position = z.strictObject({ epoch: z.int().nonnegative(), offset: z.int().nonnegative() });
export type Position = z.infer<typeof Position>;

/**
 * Where a viewer stands after joining. `recovered` is true when `recent` holds everything after the position the
 * client resumed from; otherwise `recent` is the tail and `dropped` counts exactly what lies between, where known.
 */
export const Joined = z.object({
  epoch: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  online: z.int().nonnegative(),
  recent: z.array(Item),
  recovered: z.boolean(),
  dropped: Dropped.optional(),
});
export type Joined = z.infer<typeof Joined>;

export const RoomPage = z.object({ rooms: z.array(Room), next: Ulid.optional() });
export const MessagePage = z.object({
  items: z.array(Item),
  /** Pass as `after` to read on; absent when nothing is left. */
  next: z.int().optional(),
});
