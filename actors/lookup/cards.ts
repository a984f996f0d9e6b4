import { z } from "zod";
import { Privacy } from "protocol/accounts.ts";
import { Assistant } from "protocol/assistants.ts";
import { RoomSettings } from "protocol/rooms.ts";
import { User } from "protocol/users.ts";
import type { Cards, Entity } from "storage/card_storage.ts";

/** Cards as they come out of a cache that other programs can write to. */
const SCHEMAS: { readonly [E in Entity]: z.ZodType<Cards[E]> } = {
  user: z.object({
    id: z.string(),
    login: z.string(),
    name: z.string(),
    avatarUrl: z.exactOptional(z.string()),
    bio: z.string(),
    bioFor: Privacy.shape.bio.unwrap(),
    state: z.enum(["active", "removed"]),
    createdAt: z.int(),
  }),
  room: z.object({
    id: z.string(),
    title: z.string(),
    owner: User,
    moderators: z.array(z.string()),
    state: z.enum(["live", "ended", "deleted"]),
    settings: RoomSettings,
    assistant: z.exactOptional(Assistant),
    createdAt: z.int(),
    endedAt: z.exactOptional(z.int()),
  }),
};

/** Undefined when it is none. */
export function parseCard<E extends Entity>(entity: E, json: string): Cards[E] | undefined {
  try {
    return SCHEMAS[entity].safeParse(JSON.parse(json)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
