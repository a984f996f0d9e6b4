import type { z } from "zod";
import { BarrageError, type Reason } from "./errors.ts";

const NAME_MAX = 64;

interface Finding {
  readonly path: string;
  readonly sentence: string;
}

/** @param root What the path begins with: `params` for a call, `body` or `query` for a route. */
export function invalidParams(error: z.ZodError, root: string = "params"): BarrageError {
  return refuse("invalid_params", error, root);
}

/** As invalidParams, for the envelope around the params. */
export function invalidRequest(error: z.ZodError): BarrageError {
  return refuse("invalid_request", error, "");
}

function refuse(reason: Reason, error: z.ZodError, root: string): BarrageError {
  const issue = error.issues[0];
  if (issue === undefined) return new BarrageError(reason);
  const { path, sentence } = describe(issue, root);
  return new BarrageError(reason, sentence, path === "" ? {} : { path });
}

/** One sentence that shows names and bounds, never the value sent. */
function describe(issue: z.core.$ZodIssue, root: string): Finding {
  const at = [root, ...issue.path.map(String)].filter((part) => part !== "");
  if (issue.code === "unrecognized_keys") {
    const path = join([...at, issue.keys[0] ?? ""]);
    return { path, sentence: `Cannot use ${path}: there is no such field` };
  }
  const path = join(at);
  return { path, sentence: `Cannot use ${path === "" ? "the input" : path}: ${complaint(issue)}` };
}

function complaint(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) return "it is missing";
  const text = issue.message.replace(/^(Invalid input|Invalid option|Too big|Too small): /, "")
    .replace(/^expected record\b/, "expected object");
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function join(parts: readonly string[]): string {
  return parts.map((part) => part.length > NAME_MAX ? `${part.slice(0, NAME_MAX)}...` : part).join(".");
}
