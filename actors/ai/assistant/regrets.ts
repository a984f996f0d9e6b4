import type { AnswerError } from "protocol/ai.ts";
import type { Reason } from "protocol/errors.ts";

/** What an assistant says where it has no answer: what the asker can do about it, and nothing of how it came. */
export function regret(why: string): string {
  return `I cannot answer now: ${why}.`;
}

export const TOO_MANY = "too many questions wait already";
export const TOO_OLD = "the question has waited for too long";
export const NOTHING_SAID = "the model had nothing to say";
export const SWITCHED_OFF = "AI is switched off on this server";
export const NO_MODEL = "my model is not there any more";

const BUSY = "the model is busy, please ask again in a moment";
const BROKEN = "something went wrong, please ask again";

/** Of a question that was not taken. */
export function whyRefused(reason: Reason): string {
  switch (reason) {
    case "rate_limited":
      return "your AI budget of the day is used up";
    case "forbidden":
    case "unauthenticated":
      return "you may not ask an AI here";
    case "not_found":
      return NO_MODEL;
    case "too_large":
      return "that is too much for the model";
    case "overloaded":
    case "unavailable":
    case "timeout":
    case "expired":
    case "moved":
      return BUSY;
    default:
      return BROKEN;
  }
}

/** Of an answer that failed. */
export function whyFailed(error: AnswerError | undefined): string {
  switch (error?.reason) {
    case "forbidden":
      return "the model's provider refuses to answer that";
    case "too_large":
      return "that is too much for the model";
    case "not_found":
      return NO_MODEL;
    case "overloaded":
    case "unavailable":
    case "timeout":
    case "expired":
      return BUSY;
    default:
      return BROKEN;
  }
}
