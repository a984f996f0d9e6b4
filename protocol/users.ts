import { z } from "zod";
import { Ulid } from "./ids.ts";
import { cleanText, codePoints } from "./text.ts";

/** A name as shown: cleaned, 1-32 code points. */
export const DisplayName = z.string().max(256).transform(cleanText).refine(
  (name) => name.length > 0 && codePoints(name) <= 32,
  "must have 1-32 visible characters",
);

export const User = z.object({ id: Ulid, name: z.string() });
export type User = z.infer<typeof User>;

export const CreateGuest = z.strictObject({ name: DisplayName.optional() });
export const GuestToken = z.object({ token: z.string(), user: User });
