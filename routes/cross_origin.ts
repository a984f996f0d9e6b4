import { cors } from "hono/cors";
import type { MiddlewareHandler } from "hono";
import { NO_SNIFFING } from "./no_sniffing.ts";
import type { HttpEnv } from "./http_app.ts";

const PREFLIGHT_SECONDS = 86_400;

/**
 * Other origins may call with a token in the header; without allowed credentials browsers send them no cookies.
 * @param exposed Headers that their scripts may read.
 */
export function crossOrigin(exposed: readonly string[]): MiddlewareHandler<HttpEnv> {
  const answerPreflight = cors({ origin: "*", maxAge: PREFLIGHT_SECONDS });
  const names = exposed.join(",");
  return async (c, next) => {
    if (c.req.method === "OPTIONS") return await answerPreflight(c, next);
    // Not before: headers that are there already cost a second response for each request.
    await next();
    // Without an origin no script of another site reads it.
    const isRead = c.req.method !== "GET" || c.req.header("origin") !== undefined;
    // Even to look at the headers of a finished answer costs a quarter of a hot read.
    if (!isRead && c.get("openToAll")) return;
    const { headers } = c.res;
    headers.set("access-control-allow-origin", "*");
    if (isRead) headers.set("access-control-expose-headers", names);
  };
}

/** Of answers that many ask for, set when they are made; `openToAll` says so. */
export const OPEN_TO_ALL = { "access-control-allow-origin": "*", ...NO_SNIFFING } as const;
