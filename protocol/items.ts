import { z } from "zod";
import { Ulid } from "./ids.ts";
import { cleanText, codePoints } from "./text.ts";
import { User } from "./users.ts";

export const SayStyle = z.strictObject({
  color: z.string().regex(/^#[0-9a-f]{6}$/, "must look like #33ccff").optional(),
  position: z.enum(["scroll", "top", "bottom"]).optional(),
});
export type SayStyle = z.infer<typeof SayStyle>;

export const SAY_MAX_CODE_POINTS = 200;

/** What a viewer may say: cleaned, 1-200 code points. The raw bound stops a megabyte of combining marks early. */
export const SayText = z.string().max(4_000).transform(cleanText).refine(
  (text) => text.length > 0 && codePoints(text) <= SAY_MAX_CODE_POINTS,
  `must have 1-${SAY_MAX_CODE_POINTS} visible characters`,
);

/**
 * One danmaku, or several with equal text said in the same tick: `count` of them, `user` being the first who said it
 * and `others` up to two more senders. `offset` is its place in the room's order, without holes.
 */
export const SayItem = z.object({
  kind: z.literal("say"),
  offset: z.int().positive(),
  id: Ulid,
  user: User,
  others: z.array(User).max(2).optional(),
  text: z.string(),
  count: z.int().positive(),
  style: SayStyle.optional(),
  /** An AI has said it. */
  assistant: z.literal(true).optional(),
  at: z.int().meta({ description: "Milliseconds since 1970-01-01 UTC" }),
});

export const Item = z.discriminatedUnion("kind", [SayItem]);
export type Item = z.infer<typeof Item>;

/** How many of what class were accepted but are not delivered here. */
export const Dropped = z.partialRecord(z.enum(["say"]), z.int().positive());
export type Dropped = z.infer<typeof Dropped>;

/**
 * What a room publishes once a tick. Items hold every offset from `from` to `to`, except that `dropped` counts what
 * was left out. A frame without items has `from = to + 1` and carries `live` or `dropped` only.
 */
export const RoomFrame = z.object({
  room: Ulid,
  epoch: z.int().nonnegative(),
  from: z.int().positive(),
  to: z.int().nonnegative(),
  items: z.array(Item),
  live: z.object({ online: z.int().nonnegative(), likes: z.int().nonnegative() }).partial().optional(),
  state: z.enum(["live", "ended"]).optional(),
  dropped: Dropped.optional(),
});
export type RoomFrame = z.infer<typeof RoomFrame>;
