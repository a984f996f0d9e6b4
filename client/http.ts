import type { Problem } from "protocol/problem.ts";
import { BarrageCallError } from "./errors.ts";

export interface HttpRequest {
  readonly method?: string;
  /** Sent as `Authorization`; without one the browser's cookies tell who it is. */
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** JSON over HTTP; undefined for an answer without a body. @throws {BarrageCallError} also `unavailable` from here. */
export async function request<T>(
  url: string | URL,
  { method = "GET", token, body, signal }: HttpRequest = {},
): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((cause: unknown) => {
    throw new BarrageCallError("unavailable", "Cannot reach the server", { cause });
  });
  if (!response.ok) throw await problemError(response);
  const text = await response.text();
  return text === "" ? undefined as T : JSON.parse(text);
}

/** The error in an application/problem+json answer (RFC 9457). */
export async function problemError(response: Response): Promise<BarrageCallError> {
  if (!response.headers.get("content-type")?.includes("json")) {
    await response.body?.cancel();
    return new BarrageCallError(
      "unavailable",
      `Cannot use the answer of the server: status ${response.status}`,
    );
  }
  const { reason, detail, path, retryAfterMs }: Problem = await response.json();
  return new BarrageCallError(reason, detail, {
    ...(path !== undefined && { path }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
