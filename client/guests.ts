import type { Problem } from "protocol/problem.ts";
import type { User } from "protocol/users.ts";
import { BarrageCallError } from "./errors.ts";

/**
 * Takes a guest token from the server at `url`.
 * @throws {BarrageCallError} `rate_limited` with `retryAfterMs`, `forbidden` where guests are off, `unavailable`.
 */
export async function createGuest(
  options: { url: string | URL; name?: string; signal?: AbortSignal },
): Promise<{ token: string; user: User }> {
  const { url, name, signal } = options;
  const response = await fetch(new URL("/v1/guests", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(name === undefined ? {} : { name }),
    ...(signal && { signal }),
  }).catch((cause: unknown) => {
    throw new BarrageCallError("unavailable", "Cannot reach the server", { cause });
  });
  if (response.ok) return await response.json();
  throw await problemError(response);
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
