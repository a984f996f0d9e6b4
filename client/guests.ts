import type { User } from "protocol/users.ts";
import { request } from "./http.ts";

/**
 * Takes a guest token from the server at `url`.
 * @throws {BarrageCallError} `rate_limited` with `retryAfterMs`, `forbidden` where guests are off, `unavailable`.
 */
export function createGuest(
  options: { url: string | URL; name?: string; signal?: AbortSignal },
): Promise<{ token: string; user: User }> {
  const { url, name, signal } = options;
  return request(new URL("/v1/guests", url), {
    method: "POST",
    body: name === undefined ? {} : { name },
    signal,
  });
}
