import { z } from "zod";

/** What can be turned off for a while so that the rest goes on. */
export const SwitchName = z.enum([
  "serve-stale",
  "read-only",
  "shed-guests",
  "shed-anonymous",
  "shed-low",
  "shed-ai",
]).meta({
  description:
    "serve-stale: rather show outdated cards than none; read-only: refuse whatever changes something that lasts; " +
    "shed-guests: let no guests in, and answer those who are in nothing new; shed-anonymous: refuse reads without a " +
    "token; shed-low: refuse danmaku, typing, presence and marks of delivery; shed-ai: take no new questions for AI models",
});
export type SwitchName = z.infer<typeof SwitchName>;

export const SWITCHES = SwitchName.options;

const MONTH_MS = 31 * 86_400_000;

export const SetSwitch = z.strictObject({
  forMs: z.int().min(1_000).max(MONTH_MS).optional().meta({
    description: "Off by itself after so many milliseconds; without it somebody has to clear it",
  }),
});

export const Switch = z.object({
  name: SwitchName,
  on: z.boolean().meta({ description: "On the node that answers, whoever turned it on" }),
  load: z.boolean().meta({
    description: "The node that answers has turned it on by itself: too much is going on",
  }),
  set: z.object({
    by: z.string().meta({ description: "The operator or API key" }),
    at: z.int(),
    leftMs: z.int().nonnegative().optional(),
  }).optional().meta({ description: "Missing while nobody has set it" }),
});
export type Switch = z.infer<typeof Switch>;

export const Switches = z.object({ switches: z.array(Switch) });
