import type { SwitchName } from "protocol/switches.ts";
import type { AuditRecord } from "./account_storage.ts";

/** A switch as it was set or cleared last. */
export interface SwitchRecord {
  readonly name: SwitchName;
  /** Grows with each change. */
  readonly version: number;
  readonly on: boolean;
  /** Who did it: a user, or a key. */
  readonly by: string;
  /** When, by the database's clock. */
  readonly at: number;
  /** By the database's clock, when it was read; negative once it is over. Missing for one that stays. */
  readonly leftMs?: number;
}

export interface SwitchChange extends Pick<SwitchRecord, "name" | "on" | "by"> {
  readonly forMs?: number;
}

export interface SwitchStore {
  /** Those that were ever changed. */
  all(): Promise<SwitchRecord[]>;
  /** The audit line is written in the same transaction. */
  put(change: SwitchChange, audit: AuditRecord): Promise<SwitchRecord>;
}
