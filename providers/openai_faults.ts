import { z } from "zod";
import { type FaultKind, UpstreamFault } from "actors/ai/provider.ts";
import { codeOf } from "./fault_code.ts";
import { RETRY_AFTER_MAX_MS } from "./limits.ts";
import { faultOfCode } from "./spark_faults.ts";

/** The `error` object, however incomplete; some upstreams send a mere sentence. */
export const ErrorBody = z.union([
  z.string().transform((message) => ({ message, type: undefined, code: undefined, metadata: undefined })),
  z.object({
    message: z.string().nullish(),
    type: z.string().nullish(),
    code: z.union([z.string(), z.number()]).nullish(),
    /** OpenRouter's */
    metadata: z.record(z.string(), z.unknown()).nullish(),
  }),
]);
export type ErrorBody = z.infer<typeof ErrorBody>;

export interface Refusal {
  readonly status: number;
  readonly error: ErrorBody | undefined;
  readonly headers?: Headers;
  /** The request ended with a message of the assistant's. */
  readonly prefilled: boolean;
}

const QUOTA = /insufficient_quota|quota_exceeded|billing|credit|balance|arrears|payment/i;
const CONTEXT = /context_length|maximum context|context window|too many tokens|prompt is too long/i;
const MODERATION = /content_policy|content_filter|moderation|safety system|data_inspection|flagged/i;
const CONCURRENCY = /concurren|parallel/i;
const PREFILL = /prefill|prefix|assistant message|last message|final message/i;
/** Spark speaks this protocol too, and tells its own codes in it. */
const SPARK_CODE = /^1\d{4}$/;
const ADDRESS = /\bip\b|ip_not|address/i;

/** What a refusal means. The upstream's sentence is looked at and not passed on: it quotes keys and prompts. */
export function faultOf(refusal: Refusal, secret: Readonly<Record<string, string>>): UpstreamFault {
  const { status, error, headers } = refusal;
  if (SPARK_CODE.test(String(error?.code ?? ""))) return faultOfCode(Number(error?.code), Date.now());
  const { kind, code } = classify(refusal);
  const told = code ?? codeOf(error?.code, secret) ?? codeOf(error?.type, secret);
  const retryAfterMs = retryAfter(headers, error?.message ?? undefined);
  return new UpstreamFault(kind, `The upstream answered ${status}${told === undefined ? "" : ` ${told}`}`, {
    code: told ?? String(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(kind === "busy" ? { providerWide: true } : {}),
  });
}

/** An error inside a stream that began well: its code may be a status, or a word. */
export function faultInStream(error: ErrorBody, secret: Readonly<Record<string, string>>): UpstreamFault {
  const number = Number(error.code);
  const status = number >= 400 && number < 600 ? number : statusOfWord(`${error.type} ${error.code}`);
  return faultOf({ status, error, prefilled: false }, secret);
}

function statusOfWord(word: string): number {
  if (/rate_limit|too_many_requests/i.test(word)) return 429;
  if (QUOTA.test(word)) return 429;
  if (/invalid_request|invalid_param/i.test(word)) return 400;
  if (/authentication|invalid_api_key/i.test(word)) return 401;
  if (/overloaded/i.test(word)) return 503;
  return 500;
}

function classify({ status, error, prefilled }: Refusal): { kind: FaultKind; code?: string } {
  const words = [error?.code, error?.type].filter((word) => word !== undefined && word !== null).join(" ");
  const sentence = error?.message ?? "";
  const says = (pattern: RegExp) => pattern.test(words) || pattern.test(sentence);
  switch (status) {
    case 401:
      return { kind: says(ADDRESS) ? "forbidden" : "auth" };
    case 402:
      return { kind: "quota" };
    case 403:
      return {
        kind: says(MODERATION) || error?.metadata?.["reasons"] !== undefined ? "moderation" : "forbidden",
      };
    case 404:
      return { kind: "forbidden" };
    case 408:
    case 409:
    case 425:
      return { kind: "transient" };
    case 413:
      return { kind: "context" };
    case 429:
      if (says(QUOTA) && !/rate_limit/i.test(words)) return { kind: "quota" };
      return { kind: says(CONCURRENCY) ? "concurrency" : "rate" };
    case 503:
    case 529:
      return { kind: "busy" };
  }
  if (status >= 500) return { kind: "transient" };
  if (status < 400) return { kind: "malformed" };
  if (says(CONTEXT)) return { kind: "context" };
  if (says(MODERATION)) return { kind: "moderation" };
  if (says(QUOTA)) return { kind: "quota" };
  // Others may not mind, and asked in words this one does not either.
  if (prefilled && says(PREFILL)) return { kind: "transient", code: PREFILL_REJECTED };
  return { kind: "invalid" };
}

export const PREFILL_REJECTED = "prefill_rejected";

/**
 * How long to wait, if the upstream says so. `x-ratelimit-reset-requests` does not count: it is the time until the bucket is
 * full again, not until there is something in it.
 */
export function retryAfter(
  headers: Headers | undefined,
  sentence: string | undefined,
  now = Date.now(),
): number | undefined {
  const ms = milliseconds(headers?.get("retry-after-ms")) ??
    milliseconds(headers?.get("x-ms-retry-after-ms"));
  const waits = ms ?? retryAfterHeader(headers?.get("retry-after"), now) ?? spoken(sentence);
  return waits === undefined ? undefined : Math.min(Math.max(0, Math.ceil(waits)), RETRY_AFTER_MAX_MS);
}

function milliseconds(value: string | null | undefined): number | undefined {
  return value !== null && value !== undefined && /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

/** Seconds, or a date. */
function retryAfterHeader(value: string | null | undefined, now: number): number | undefined {
  const seconds = milliseconds(value);
  if (seconds !== undefined) return seconds * 1_000;
  const date = Date.parse(value ?? "");
  return Number.isNaN(date) ? undefined : date - now;
}

/** `Please try again in 1m2.5s` */
function spoken(sentence: string | undefined): number | undefined {
  const found = /try again in (?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?/i.exec(
    sentence ?? "",
  );
  if (found === null) return undefined;
  const [hours, minutes, seconds, ms] = found.slice(1).map((part) => Number(part ?? 0));
  const total = hours! * 3_600_000 + minutes! * 60_000 + seconds! * 1_000 + ms!;
  return total > 0 ? total : undefined;
}
