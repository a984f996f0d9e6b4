import { z } from "zod";

/** How an upstream behaves when nothing is wrong. */
export const UpstreamSettings = z.strictObject({
  /** Tokens of an answer, unless the request allows fewer. */
  tokens: z.int().positive(),
  /** Milliseconds between two tokens; with 0 all of them leave in one write. */
  tokenMs: z.number().nonnegative(),
  /** How far its clock is ahead of ours. */
  skewMs: z.number(),
  /** Whether images come in the answer or as an address to fetch them from. */
  images: z.enum(["inline", "url"]),
  /** Milliseconds that pictures and slide decks take. */
  workMs: z.number().nonnegative(),
  /** Times a slide deck is asked for before it is done. */
  polls: z.int().nonnegative(),
  /** Asking sooner than this is refused. */
  pollMinMs: z.number().nonnegative(),
});
export type UpstreamSettings = z.infer<typeof UpstreamSettings>;

export const SettingsChange = UpstreamSettings.partial();
export type SettingsChange = z.infer<typeof SettingsChange>;

export const DEFAULT_SETTINGS: UpstreamSettings = {
  ...{ tokens: 20, tokenMs: 0, skewMs: 0, images: "inline", workMs: 0, polls: 2, pollMinMs: 3_000 },
};
