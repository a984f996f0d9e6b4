import { createRoute } from "@hono/zod-openapi";
import { BarrageError } from "protocol/errors.ts";
import { CreateGuest, GuestToken } from "protocol/users.ts";
import type { Ids } from "actors/runtime/ids.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import { createHttpApp, failure, json } from "./http_app.ts";
import type { Tokens } from "./tokens.ts";

const create = createRoute({
  method: "post",
  path: "/v1/guests",
  summary: "Take a guest token",
  tags: ["guests"],
  request: { body: { content: { "application/json": { schema: CreateGuest } }, required: false } },
  responses: { 201: json(GuestToken, "The guest and its token"), default: failure },
});

export interface GuestParts {
  readonly enabled: boolean;
  readonly tokens: Pick<Tokens, "issueGuest">;
  readonly ids: Ids;
  readonly perMinute: AddressLimiter;
  readonly perDay: AddressLimiter;
}

export function guestRoutes({ enabled, tokens, ids, perMinute, perDay }: GuestParts) {
  return createHttpApp().openapi(create, async (c) => {
    if (!enabled) throw new BarrageError("forbidden", "This server takes no guests");
    await perMinute.take(c.env.address);
    await perDay.take(c.env.address);
    const id = ids.next();
    const user = { id, name: c.req.valid("json").name ?? `Guest ${id.slice(-4)}` };
    c.header("cache-control", "no-store");
    const { token } = await tokens.issueGuest({ user, session: ids.next() });
    return c.json({ token, user }, 201);
  });
}
