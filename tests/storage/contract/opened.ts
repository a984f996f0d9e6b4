import type { LaneOptions } from "storage/commit_lane.ts";
import type { DatabaseStorage } from "storage/database_storage.ts";

export interface OpenedStorage extends AsyncDisposable {
  readonly storage: DatabaseStorage;
  /** What another node sees of the same database; disposed with this one. */
  another(): Promise<DatabaseStorage>;
  /** Returns when every lease of `ttlMs` granted until now has run out. */
  outlive(ttlMs: number): Promise<void>;
}

/** Opens an empty database. */
export type OpenStorage = (lane?: LaneOptions) => Promise<OpenedStorage>;
