import { z } from "zod";
import { ModelName } from "./ai.ts";
import { Ulid } from "./ids.ts";
import { cleanLines, codePoints } from "./text.ts";
import { PersonName } from "./users.ts";

export const INSTRUCTIONS_MAX = 4_000;

/** What it is told before every question. */
const Instructions = z.string().max(16_000).transform(cleanLines).refine(
  (text) => codePoints(text) <= INSTRUCTIONS_MAX,
  "must have at most 4,000 visible characters",
);

/** An AI that is a member of a group or of a room: whoever mentions it gets an answer from it. */
export const SetAssistant = z.strictObject({
  name: PersonName,
  /** @default The first model there is for text. */
  model: ModelName.optional(),
  instructions: Instructions.default(""),
  /** Switched off it stays a member and answers nobody. */
  enabled: z.boolean().default(true),
});
export type SetAssistant = z.infer<typeof SetAssistant>;

/** As everybody sees it. Its id is no account's: nobody signs in with it. */
export const Assistant = z.object({ id: Ulid, name: z.string(), model: ModelName, enabled: z.boolean() });
export type Assistant = z.infer<typeof Assistant>;

/** As those see it who set it. */
export const OwnAssistant = Assistant.extend({ instructions: z.string() });
export type OwnAssistant = z.infer<typeof OwnAssistant>;
