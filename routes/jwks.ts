import { createRoute, z } from "@hono/zod-openapi";
import { createHttpApp, failure, json } from "./http_app.ts";
import { PublicJwk, type PublicKeys } from "./public_keys.ts";

const MAX_AGE_SECONDS = 60;

const KeySet = z.object({ keys: z.array(PublicJwk) });

const read = createRoute({
  method: "get",
  path: "/.well-known/jwks.json",
  summary: "The keys that access tokens are signed with",
  description: "A JSON Web Key Set (RFC 7517). Read it again when a token names a key that is not in it.",
  tags: ["tokens"],
  responses: { 200: json(KeySet, "The public keys of all nodes"), default: failure },
});

export interface KeySetParts {
  readonly keys: Pick<PublicKeys, "list">;
}

export function keySetRoutes({ keys }: KeySetParts) {
  return createHttpApp().openapi(read, async (c) => {
    c.header("cache-control", `public, max-age=${MAX_AGE_SECONDS}`);
    return c.json({ keys: await keys.list() }, 200);
  });
}
