import type { Fault } from "./faults.ts";

export interface Refusal {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function refusal(
  status: number,
  error: { message: string; type: string; code: string | null },
  headers: Record<string, string> = {},
): Refusal {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ error: { param: null, ...error } }),
  };
}

/** Like the real ones, these quote what they were sent: nothing of a message may reach our logs. */
export const openAiErrors = {
  unknownKey: (key: string) =>
    refusal(401, {
      ...{ message: `Incorrect API key provided: ${key}.`, type: "invalid_request_error" },
      code: "invalid_api_key",
    }),
  unknownModel: (model: string) =>
    refusal(404, {
      ...{ message: `The model '${model}' does not exist or you do not have access to it.` },
      ...{ type: "invalid_request_error", code: "model_not_found" },
    }),
  malformed: () =>
    refusal(400, {
      message: "We could not parse the JSON body of your request.",
      ...{ type: "invalid_request_error", code: null },
    }),
  rate: (headers: Record<string, string> = {}) =>
    refusal(429, {
      message: "Rate limit reached for requests.",
      ...{ type: "requests", code: "rate_limit_exceeded" },
    }, headers),
  concurrency: () =>
    refusal(429, {
      message: "Too many concurrent requests.",
      ...{ type: "requests", code: "concurrency_limit_exceeded" },
    }),
  prefill: () =>
    refusal(400, {
      message: "This model does not support assistant message prefill.",
      ...{ type: "invalid_request_error", code: null },
    }),
};

/** The answer of a fault that refuses the call; undefined for those that only spoil it. */
export function refusalOf(fault: Fault, key: string, asked: string): Refusal | undefined {
  switch (fault.kind) {
    case "rate":
      return openAiErrors.rate(
        fault.retryAfterMs === undefined ? {} : retryAfter(fault.form, fault.retryAfterMs),
      );
    case "concurrency":
      return openAiErrors.concurrency();
    case "quota":
      return refusal(429, {
        message: "You exceeded your current quota, please check your plan and billing details.",
        ...{ type: "insufficient_quota", code: "insufficient_quota" },
      });
    case "status":
      return refusal(fault.status, {
        message: `It failed for ${key} with ${asked}`,
        ...{ type: "server_error", code: fault.code ?? null },
      });
    case "context":
      return refusal(400, {
        message: "This model's maximum context length is 8192 tokens.",
        ...{ type: "invalid_request_error", code: "context_length_exceeded" },
      });
    case "moderation":
      if (fault.after !== undefined) return undefined;
      return refusal(400, {
        message: `Your request was rejected by our safety system: ${asked}`,
        ...{ type: "invalid_request_error", code: "content_policy_violation" },
      });
    default:
      return undefined;
  }
}

function retryAfter(form: "seconds" | "milliseconds" | "date", ms: number): Record<string, string> {
  switch (form) {
    case "seconds":
      return { "retry-after": String(Math.ceil(ms / 1_000)) };
    case "milliseconds":
      return { "retry-after-ms": String(ms) };
    case "date":
      return { "retry-after": new Date(Date.now() + ms).toUTCString() };
  }
}
