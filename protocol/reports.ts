import { z } from "zod";
import { Message } from "./chat.ts";
import { Ulid } from "./ids.ts";
import { cleanText, codePoints } from "./text.ts";
import { User } from "./users.ts";

const NOTE_MAX = 500;

const Note = z.string().max(4_000).transform(cleanText).refine(
  (note) => codePoints(note) <= NOTE_MAX,
  `must have at most ${NOTE_MAX} visible characters`,
);

export const ReportReason = z.enum(["spam", "abuse", "illegal", "other"]);
export type ReportReason = z.infer<typeof ReportReason>;

/** Which message, and why. */
export const ReportMessage = z.strictObject({
  seq: z.int().positive(),
  reason: ReportReason,
  note: Note.optional(),
});
export type ReportMessage = z.infer<typeof ReportMessage>;

/** Whether something was done about the message. */
export const ReportOutcome = z.enum(["upheld", "dismissed"]);
export type ReportOutcome = z.infer<typeof ReportOutcome>;

/** As those who run the server see it. */
export const Report = z.object({
  id: Ulid,
  /** Milliseconds since 1970. */
  at: z.int(),
  reporter: User,
  reason: ReportReason,
  note: z.string().optional(),
  /** As it stood when it was reported, whatever has become of it. */
  message: Message,
  state: z.enum(["open", "settled"]),
  outcome: ReportOutcome.optional(),
  settledAt: z.int().optional(),
  settledBy: z.string().optional(),
});
export type Report = z.infer<typeof Report>;

/** The newest first; pass `next` as `before` to go on. */
export const ReportPage = z.object({ reports: z.array(Report), next: Ulid.optional() });

/** How far messages have been sealed with the newest key. */
export const Resealed = z.object({
  /** Where to go on; missing when everything is done. */
  next: z.string().optional(),
  looked: z.int(),
  resealed: z.int(),
});
