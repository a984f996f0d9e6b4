import type { Report, ReportOutcome } from "protocol/reports.ts";
import type { Write } from "./lane.ts";

/** A message somebody complains about, as it stood then; ids are ULIDs of the time. */
export type ReportRecord = Report;

export interface ReportStore {
  /** The unit fails with `conflict` when the reporter has reported this message before. */
  put(report: ReportRecord): Write;
  /** Id of the report that somebody has made of a message. */
  find(conversation: string, seq: number, reporter: string): Promise<string | undefined>;
  /** How many the user has made since. */
  countSince(reporter: string, since: number): Promise<number>;
  read(id: string): Promise<ReportRecord | undefined>;
  /** The newest first; `limit` 1-500. */
  list(page: { state?: ReportRecord["state"]; before?: string; limit: number }): Promise<ReportRecord[]>;
  /** False when there is no open one with that id. */
  settle(id: string, by: string, at: number, outcome: ReportOutcome): Promise<boolean>;
  /** Removes at most `limit` settled ones made before `before`; how many there were. */
  sweep(before: number, limit: number): Promise<number>;
  /** As that of messages; the next `after` is the last id looked at. */
  reseal(
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly last: string; readonly looked: number; readonly resealed: number } | undefined>;
}
