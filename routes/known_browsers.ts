import type { Context } from "hono";
import type { Cookies } from "./cookies.ts";
import type { HttpEnv } from "./http_app.ts";
import { randomSecret } from "./refresh_tokens.ts";
import type { KnownBrowser, Tokens } from "./tokens.ts";

export interface KnownBrowsersParts {
  readonly tokens: Pick<Tokens, "issueKnown" | "readKnown">;
  readonly cookies: Cookies;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Browsers in which somebody has signed in to an account before, told by a cookie that is good for nothing else: there
 * nobody can be kept out by others who guess at the name (OWASP: device cookies).
 */
export class KnownBrowsers {
  readonly #parts: KnownBrowsersParts;

  constructor(parts: KnownBrowsersParts) {
    this.#parts = parts;
  }

  /** After a sign-in, and only then. */
  async remember(c: Context<HttpEnv>, account: string): Promise<void> {
    const { tokens, cookies, now } = this.#parts;
    const { token, expiresAt } = await tokens.issueKnown({ account, browser: randomSecret() });
    cookies.set(c, "known", token, expiresAt - now());
  }

  /** Undefined for one that is not known, or no more. */
  async recall(request: Request): Promise<KnownBrowser | undefined> {
    const token = this.#parts.cookies.read(request, "known");
    return token === undefined ? undefined : await this.#parts.tokens.readKnown(token);
  }
}
