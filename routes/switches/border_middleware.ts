import type { Context, MiddlewareHandler, Next } from "hono";
import { routePath } from "hono/route";
import type { Caller } from "actors/runtime/caller.ts";
import type { HttpEnv } from "../http_app.ts";
import type { Authenticator } from "../identify.ts";
import type { Border } from "./border.ts";
import { routeClass } from "./route_classes.ts";
import type { Switchboard } from "./switchboard.ts";

export interface BorderMiddlewareParts {
  readonly border: Border;
  readonly switches: Pick<Switchboard, "on">;
  readonly authenticator: Pick<Authenticator, "callerOf">;
}

/** Says in each answer which switches are on, and lets through what they do not turn off. */
export function borderMiddleware(
  { border, switches, authenticator }: BorderMiddlewareParts,
): MiddlewareHandler<HttpEnv> {
  return (c, next) => border.closed ? guard(c, next) : next();

  async function guard(c: Context<HttpEnv>, next: Next): Promise<void> {
    c.res.headers.set("barrage-switches", switches.on.join(", "));
    const kind = routeClass(c.req.method, routePath(c, -1));
    border.refuseWrites(kind);
    if (border.needsCaller(kind)) {
      const caller = await known(c.req.raw);
      if (caller !== undefined) border.admit(caller, kind);
    }
    await next();
  }

  /** The route tells whoever shows a bad token. */
  async function known(request: Request): Promise<Caller | undefined> {
    try {
      return await authenticator.callerOf(request);
    } catch {
      return undefined;
    }
  }
}
