import { z } from "zod";
import { Ulid } from "./ids.ts";

/** What is read most at the moment, over all nodes. */
export const HotCards = z.object({
  /** How many nodes answered. */
  nodes: z.int().nonnegative(),
  cards: z.array(z.object({
    entity: z.enum(["user", "room"]),
    id: Ulid,
    perSecond: z.number().meta({ description: "Reads a second; at most `error` too many" }),
    error: z.number(),
  })),
});
export type HotCards = z.infer<typeof HotCards>;
