import { BarrageCallError } from "client/mod.ts";

/** Over this, people want to know for how long. */
const PATIENCE_MS = 10_000;

/** A failure in words for the person in front of the page. */
export function messageOf(error: unknown): string {
  if (!(error instanceof BarrageCallError)) throw error;
  switch (error.reason) {
    case "rate_limited":
      return error.retryAfterMs !== undefined && error.retryAfterMs > PATIENCE_MS
        ? `Too many tries; go on in ${duration(error.retryAfterMs)}`
        : "That was a little fast";
    case "muted":
      return "You are muted in this room";
    case "gone":
      return "This room has ended";
    case "confirmation_required":
      return "Your password is needed for this";
    case "forbidden":
      return "You may not do this here";
    case "unauthenticated":
      return "The server does not know you any more; reload the page";
    case "timeout":
    case "expired":
    case "unavailable":
    case "moved":
      return "The server cannot be reached right now";
    case "overloaded":
      return "The server is very busy; try again in a moment";
    case "read_only":
      return "For now nothing can be changed here";
    case "not_found":
      return "This room does not exist";
    case "too_large":
      return "That is too long";
    case "invalid_params":
      return sentence(error.message.replace(/^Cannot use \S+: /, ""));
    default:
      return "Something went wrong on the server";
  }
}

function duration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
