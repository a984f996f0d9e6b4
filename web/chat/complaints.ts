import { BarrageCallError } from "client/mod.ts";
import { messageOf } from "../shell/messages.ts";

/** A failure of chat in words for the person in front of the page. */
export function complaintOf(error: unknown): string {
  if (!(error instanceof BarrageCallError)) return messageOf(error);
  switch (error.reason) {
    case "muted":
      return "Only the owner and admins may write here now";
    case "gone":
      return "Everybody has left this group";
    case "not_found":
      return "There is no such person, group or message";
    case "blocked":
      return error.message.startsWith("You have") ? "You have blocked them" : "They do not receive this";
    case "forbidden":
    case "conflict":
      // The server's own sentence, unless it is about calls.
      return /^Cannot |^[^ ]*$/.test(error.message) ? "You may not do this here" : error.message;
    case "too_large":
      return "That is too long";
    default:
      return messageOf(error);
  }
}
