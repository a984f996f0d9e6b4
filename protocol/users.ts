import { z } from "zod";
import { Ulid } from "./ids.ts";
import { isDeceptiveMix, posesAsStaff } from "./names.ts";
import { cleanText, codePoints } from "./text.ts";

/** A name as shown: cleaned, 1-32 code points. */
export const DisplayName = z.string().max(256).transform(cleanText).refine(
  (name) => name.length > 0 && codePoints(name) <= 32,
  "must have 1-32 visible characters",
);

/** What a person is shown as to others. */
export const PersonName = DisplayName
  .refine((name) => !isDeceptiveMix(name), "must not mix scripts that look alike")
  .refine((name) => !posesAsStaff(name), "must not pose as those who run the server");

export const User = z.object({ id: Ulid, name: z.string() });
export type User = z.infer<typeof User>;

export const CreateGuest = z.strictObject({ name: PersonName.optional() });
export const GuestToken = z.object({ token: z.string(), user: User });
