import type { OwnAssistant } from "protocol/assistants.ts";
import type { Params } from "protocol/methods.ts";
import { request } from "./http.ts";

interface InRoom {
  /** The server's address, `https://host`. */
  readonly url: string | URL;
  /** Pages of the server's own origin leave it to their cookies. */
  readonly token?: string;
  /** Its id. */
  readonly room: string;
  readonly signal?: AbortSignal;
}

/** The AI of a room with what it is told; for its owner, moderators and operators. @throws {BarrageCallError} `not_found`. */
export function assistantOf(place: InRoom): Promise<OwnAssistant> {
  return ask("GET", place);
}

/** Whoever calls it by `@name` gets an answer. @throws {BarrageCallError} `forbidden`, `conflict` where AI is off. */
export function setAssistant(
  { assistant, ...place }: InRoom & {
    readonly assistant: NonNullable<Params<"chat.assistant">["assistant"]>;
  },
): Promise<OwnAssistant> {
  return ask("PUT", place, assistant);
}

/** It is no error when there was none. @throws {BarrageCallError} `forbidden`. */
export function removeAssistant(place: InRoom): Promise<void> {
  return ask("DELETE", place);
}

function ask<T>(method: string, { url, token, room, signal }: InRoom, body?: unknown): Promise<T> {
  const path = new URL(`/v1/rooms/${room}/assistant`, url);
  return request<T>(path, { method, token, signal, ...(body === undefined ? {} : { body }) });
}
