import type { Context } from "hono";
import { parse, serialize } from "hono/utils/cookie";
import type { Origin } from "./origin.ts";

const NAMES = {
  access: "barrage",
  refresh: "barrage_refresh",
  device: "barrage_device",
  oidc: "barrage_oidc",
  known: "barrage_known",
} as const;
export type CookieKind = keyof typeof NAMES;

/** What browsers keep at most (RFC 6265bis, 5.5). */
export const COOKIE_DAYS_MAX = 400;
/** A header longer than all that we set, and a few of others, is not searched. */
const HEADER_MAX = 16_384;

/**
 * The cookies of whoever signs in with a browser. `__Host-` makes the browser itself refuse any that a sister domain or
 * plain HTTP tries to plant (RFC 6265bis, 4.1.3.2); at a loopback address over plain HTTP it would refuse ours, too.
 */
export class Cookies {
  readonly #origin: Origin;

  constructor(origin: Origin) {
    this.#origin = origin;
  }

  read(request: Request, kind: CookieKind): string | undefined {
    const header = request.headers.get("cookie");
    if (header === null || header.length > HEADER_MAX) return undefined;
    const name = this.#name(request, kind);
    return parse(header, name)[name];
  }

  set(c: Context, kind: CookieKind, value: string, maxAgeMs: number): void {
    const secure = this.#origin.secure(c.req.raw);
    const maxAge = Math.min(Math.floor(maxAgeMs / 1_000), COOKIE_DAYS_MAX * 86_400);
    const flags = { path: "/", httpOnly: true, secure, sameSite: "Lax", maxAge } as const;
    c.header("set-cookie", serialize(this.#name(c.req.raw, kind), value, flags), { append: true });
  }

  clear(c: Context, ...kinds: readonly CookieKind[]): void {
    for (const kind of kinds) this.set(c, kind, "", 0);
  }

  #name(request: Request, kind: CookieKind): string {
    return this.#origin.secure(request) ? `__Host-${NAMES[kind]}` : NAMES[kind];
  }
}
