import type { MiddlewareHandler } from "hono";
import type { HttpEnv } from "./http_app.ts";

/** What an answer does not say of itself: nobody guesses its type, and no cache keeps it. */
export function answerHeaders(): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    await next();
    // Said when it was made: to look at the headers of a finished answer costs a quarter of a hot read.
    if (c.get("openToAll")) return;
    const { headers } = c.res;
    headers.set("x-content-type-options", "nosniff");
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  };
}
