import type { Headers } from "./bus.ts";

/** Why a frame never reached the feed. */
export type FeedLoss = "overflow" | "expired" | "refused" | "too_large" | "stopped";

export interface FeedCounts {
  /** Frames the feed has taken in. */
  readonly sent: number;
  /** Of these, the ones it had already: an earlier try had arrived after all. */
  readonly duplicates: number;
  readonly waiting: number;
  readonly lost: Readonly<Record<FeedLoss, number>>;
}

/**
 * Room events kept for programs downstream, such as an archive or webhooks. Nothing else depends on it: a frame that
 * cannot be handed over is counted, and its place in the room's offsets stays visible as a gap.
 */
export interface Feed extends AsyncDisposable {
  readonly counts: FeedCounts;
  /** Takes a copy and returns at once; hands it over later, in the order of each room. */
  offer(subject: string, data: Uint8Array, headers: Headers): void;
}
