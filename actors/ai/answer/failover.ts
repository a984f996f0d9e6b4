import type { AiRequest, AnswerError } from "protocol/ai.ts";
import type { FaultKind } from "../provider.ts";
import type { AnswerLimits } from "./limits.ts";

/** What a call has come to when it fails. */
export interface Broken {
  readonly fault: FaultKind;
  readonly request: AiRequest;
  /** Characters of the answer that readers have seen. */
  readonly shown: number;
  /** Thoughts or the call of a tool were in the stream. */
  readonly unshown: boolean;
  /** Calls that failed by now, this one included. */
  readonly failures: number;
  readonly retryAfterMs?: number;
}

export type Next =
  /** The upstream did not take the call: it waits again, in its old place. */
  | { readonly then: "wait" }
  /** With another credential, or with the same if there is no other. */
  | { readonly then: "retry" }
  | { readonly then: "fail"; readonly error: AnswerError; readonly erase?: true };

/** @see docs/decisions/0009-ai-pools.md */
export function afterFault(broken: Broken, limits: AnswerLimits): Next {
  const { fault, shown, failures, retryAfterMs } = broken;
  switch (fault) {
    case "moderation":
      // Also what was shown before the provider objected has to vanish.
      return {
        then: "fail",
        erase: true,
        error: failed("forbidden", "Refused by the provider's moderation"),
      };
    case "invalid":
      return { then: "fail", error: failed("invalid_params", "The provider cannot answer such a request") };
    case "context":
      return {
        then: "fail",
        error: failed("too_large", "The request does not fit into the model's context"),
      };
    case "rate":
    case "concurrency":
    case "clock":
      if (shown === 0) return { then: "wait" };
      break;
    case "quota":
    case "auth":
    case "forbidden":
    case "transient":
    case "busy":
    case "malformed":
    case "stalled":
    case "cut":
      break;
  }
  if (failures >= limits.failuresMax) {
    const error = failed("unavailable", `The provider failed ${failures} times, at last with ${fault}`);
    return {
      then: "fail",
      error: {
        ...error,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
        ...(shown === 0 ? {} : { interrupted: true }),
      },
    };
  }
  if (shown === 0 || mayContinue(broken, limits)) return { then: "retry" };
  const error = failed("unavailable", "The stream broke off and may not be continued");
  return { then: "fail", error: { ...error, interrupted: true } };
}

function mayContinue({ request, shown, unshown }: Broken, limits: AnswerLimits): boolean {
  if (request.feature !== "text" || unshown || !limits.continues || shown > limits.continueMax) return false;
  return request.options.continue !== false && request.options.json !== true;
}

function failed(reason: AnswerError["reason"], message: string): AnswerError {
  return { reason, message };
}
