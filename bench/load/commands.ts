import type { Count } from "./members.ts";
import type { ProbeReport } from "./probes.ts";
import type { TalkReport } from "./talkers.ts";

/** What a crowd process can be told to do. */
export type Command =
  | { readonly do: "enter"; readonly viewers: number; readonly talkers: number; readonly watchers: number }
  | { readonly do: "talk"; readonly rate: number; readonly seed: number }
  | { readonly do: "restart" }
  | { readonly do: "count" }
  | { readonly do: "hush" }
  | { readonly do: "report" };

export type CrowdReport = TalkReport & ProbeReport;

export interface Answers {
  enter: Record<string, never>;
  talk: Record<string, never>;
  restart: Record<string, never>;
  count: Count;
  hush: Record<string, never>;
  report: CrowdReport;
}
