import type { AiFile, AiRequest, AiUsage, FinishReason } from "protocol/ai.ts";

/** What went wrong upstream, whatever the protocol; what follows from each is told in docs/decisions/0009. */
export const FAULT_KINDS = [
  /** Too many starts: wait, then the same call again. */
  "rate",
  /** Too many in flight: we believe in more slots than there are. */
  "concurrency",
  /** Nothing left on this credential for this use. */
  "quota",
  /** The credential is not accepted at all. */
  "auth",
  /** The credential may not do this. */
  "forbidden",
  /** This call failed, others may not. */
  "transient",
  /** The provider has no capacity, with whatever credential. */
  "busy",
  /** Our clock is wrong, or theirs. */
  "clock",
  /** The request cannot be answered by anybody. */
  "invalid",
  /** The request does not fit into the model. */
  "context",
  /** Refused by moderation; final, and never routed around. */
  "moderation",
  /** What came is not what the protocol says. */
  "malformed",
  /** Nothing came for too long. */
  "stalled",
  /** The stream ended without its terminal mark. */
  "cut",
] as const;
export type FaultKind = typeof FAULT_KINDS[number];

/** The upstream's failure. Its message is for operators and carries no secret and no prompt. */
export class UpstreamFault extends Error {
  override readonly name = "UpstreamFault";
  constructor(
    readonly kind: FaultKind,
    message: string,
    readonly details: {
      /** What the upstream told, in milliseconds. */
      readonly retryAfterMs?: number;
      /** Its own code, for logs and metrics. */
      readonly code?: string;
      /** The whole provider is affected, not this credential. */
      readonly providerWide?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }
}

/** A credential as the one who calls needs it; lives in memory only while a call runs. */
export interface OpenCredential {
  readonly id: string;
  readonly provider: string;
  /** Where to call, when it is not the provider's usual address. */
  readonly baseUrl?: string;
  /** By field: `apiKey`, or `appId`, `apiKey` and `apiSecret`. */
  readonly secret: Readonly<Record<string, string>>;
}

/** One call to make. */
export interface UpstreamCall {
  readonly credential: OpenCredential;
  /** The provider's own name of the model. */
  readonly upstreamModel: string;
  readonly request: AiRequest;
  /** Unique for the lease; providers that refuse two calls of one user at a time get it as their user. */
  readonly uid: string;
  /** What was shown already and has to be continued; only for text. */
  readonly partial?: string;
  /** What an earlier attempt stored to be taken up again, such as the id of a job. */
  readonly job?: string;
}

export type UpstreamEvent =
  /** The upstream has surely counted the call. Comes once, before everything else. */
  | { readonly kind: "started" }
  | { readonly kind: "text"; readonly text: string }
  /** Thoughts, or the call of a tool: shown to nobody here, but such a stream cannot be continued. */
  | { readonly kind: "unshown"; readonly what: "reasoning" | "tool" }
  | { readonly kind: "progress"; readonly percent: number }
  /**
   * To be stored before the stream is read on, and given back as `UpstreamCall.job`; empty when it came to nothing and has
   * to be begun anew.
   */
  | { readonly kind: "job"; readonly job: string }
  | {
    readonly kind: "file";
    readonly bytes: Uint8Array;
    readonly type: AiFile["type"];
    readonly name: string;
  }
  | { readonly kind: "usage"; readonly usage: AiUsage }
  /** The terminal mark. A stream that ends without it was cut. */
  | { readonly kind: "end"; readonly reason: FinishReason };

/** One protocol of one kind of upstream. */
export interface Provider {
  readonly name: string;
  /** The features it has. */
  readonly features: readonly AiRequest["feature"][];
  /** The secret's fields, for the operator's form. */
  readonly secretFields: readonly string[];
  /** True when a continuation may be a last message of the assistant's own. */
  readonly prefill: boolean;
  /**
   * Makes the call. The stream is over only when the upstream is done with it (the body has ended), so that the slot
   * may be given back. Timers are the caller's, who aborts.
   * @throws {UpstreamFault} for whatever the upstream does; the signal's reason when aborted.
   */
  call(call: UpstreamCall, signal: AbortSignal): AsyncIterable<UpstreamEvent>;
}
