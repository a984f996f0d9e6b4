export interface RoomLimits {
  /** The shortest and the longest tick; in between it stretches with the load of the nodes that serve viewers. */
  readonly tickMs: number;
  readonly tickMaxMs: number;
  /** Items a newcomer sees. */
  readonly recentItems: number;
  /** Items kept in memory for recovery. */
  readonly memoryItems: number;
  /** A viewer who missed more gets the tail and an exact count of the rest. */
  readonly recoverMaxItems: number;
  readonly retentionMs: number;
  /** Danmaku waiting for one tick. */
  readonly pendingMax: number;
  /** Items in one frame; keeps a frame far below the 1 MiB of the bus. */
  readonly frameItems: number;
  readonly saidIds: { readonly maxCount: number; readonly maxAgeMs: number };
  /** Users whose say rate is remembered at once. */
  readonly speakersMax: number;
  readonly moderatorsMax: number;
  /** Users muted at once. All of them are one row's column, written with every change. */
  readonly mutesMax: number;
}

export const DEFAULT_ROOM_LIMITS: RoomLimits = {
  tickMs: 100,
  tickMaxMs: 1_000,
  recentItems: 50,
  memoryItems: 1_000,
  recoverMaxItems: 1_000,
  retentionMs: 720 * 3_600_000,
  pendingMax: 5_000,
  frameItems: 250,
  saidIds: { maxCount: 20_000, maxAgeMs: 120_000 },
  speakersMax: 20_000,
  moderatorsMax: 50,
  mutesMax: 500,
};
