import type { Latency } from "./pace.ts";

/** What a process that calls another one can be told to do. */
export type PeerCommand =
  | { readonly do: "count" }
  | {
    readonly do: "rate";
    readonly where: "local" | "remote";
    readonly actors: number;
    readonly inFlight: number;
    readonly text: string;
    readonly seconds: number;
  }
  | {
    readonly do: "latency";
    readonly where: "local" | "remote";
    readonly text: string;
    readonly seconds: number;
  };

export interface PeerAnswers {
  /** Shards the process owns. */
  count: { readonly shards: number };
  /** Calls a second. */
  rate: { readonly rate: number };
  latency: Latency;
}
