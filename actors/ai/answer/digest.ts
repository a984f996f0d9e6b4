import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { AiRequest } from "protocol/ai.ts";
import type { Caller } from "actors/runtime/caller.ts";

/**
 * Equal for requests that may share one answer; undefined for those that may not: pictures and slides are wanted anew
 * each time, and so is what is drawn at a temperature. Each program of a product team shares with itself only, users
 * with each other: what differs between them is in the messages.
 */
export function digestOf(model: string, request: AiRequest, caller: Caller): string | undefined {
  if (request.feature !== "text") return undefined;
  const { merge, temperature, ...options } = request.options;
  if (!(merge ?? (temperature === undefined || temperature === 0))) return undefined;
  const tenant = caller.kind === "service" ? caller.user.id : "";
  const { continue: goesOn, ...rest } = options;
  const named = Object.entries({ ...rest, temperature, goesOn }).filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => a < b ? -1 : 1);
  const messages = request.messages.map(({ role, content }) => [role, content]);
  const text = JSON.stringify([tenant, model, messages, named]);
  return Buffer.from(createHash("sha256").update(text).digest()).toString("base64url");
}
