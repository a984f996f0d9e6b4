import { BarrageCallError } from "client/mod.ts";

/** A failure in words for the person in front of the page. */
export function messageOf(error: unknown): string {
  if (!(error instanceof BarrageCallError)) throw error;
  switch (error.reason) {
    case "rate_limited":
      return "That was a little fast";
    case "muted":
      return "You are muted in this room";
    case "gone":
      return "This room has ended";
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
    case "not_found":
      return "This room does not exist";
    case "too_large":
      return "That is too long";
    case "invalid_params":
      return sentence(error.message);
    default:
      return "Something went wrong on the server";
  }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
