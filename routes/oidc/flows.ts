import { createHmac } from "node:crypto";
import type { Context } from "hono";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { OidcFlow, OidcFlowStore } from "storage/account_storage.ts";
import type { Cookies } from "../cookies.ts";
import type { HttpEnv } from "../http_app.ts";
import { digest, randomSecret } from "../refresh_tokens.ts";

const SECRET = /^[\w-]{43}$/;

/** What a flow shows to the provider, or proves itself with there; none of it is stored. */
export interface FlowSecrets {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636). */
  readonly verifier: string;
}

export interface FlowsParts {
  readonly store: Pick<OidcFlowStore, "put" | "take">;
  readonly cookies: Cookies;
  readonly clock: Clock;
  /** Milliseconds that somebody may take to come back. */
  readonly lifeMs: number;
}

/**
 * Those who are on the way to a provider and back. A flow belongs to the browser that began it: a cookie holds a secret
 * from which, together with the state, nonce and verifier are made. The database has hashes of both and gives nobody
 * anything; whoever has seen a state in some address bar lacks the cookie. Flows of several tabs share one cookie.
 */
export class Flows {
  readonly #parts: FlowsParts;

  constructor(parts: FlowsParts) {
    this.#parts = parts;
  }

  async begin(
    c: Context<HttpEnv>,
    flow: Pick<OidcFlow, "provider" | "purpose" | "returnTo">,
  ): Promise<FlowSecrets> {
    const { store, cookies, clock, lifeMs } = this.#parts;
    const browser = this.#browserOf(c.req.raw) ?? randomSecret();
    const state = randomSecret();
    const startedAt = clock.now();
    await store.put({
      ...flow,
      stateHash: digest(state),
      browserHash: digest(browser),
      startedAt,
      expiresAt: startedAt + lifeMs,
    });
    cookies.set(c, "oidc", browser, lifeMs);
    return secretsOf(browser, state);
  }

  /**
   * The flow that comes back with this state. It is over, whatever follows.
   * @throws {BarrageError} `gone` when there is none, or it began in another browser, or with another provider.
   */
  async take(
    request: Request,
    provider: string,
    state: string,
  ): Promise<{ readonly flow: OidcFlow; readonly secrets: FlowSecrets }> {
    const { store, clock } = this.#parts;
    const flow = SECRET.test(state) ? await store.take(digest(state), clock.now()) : undefined;
    const browser = this.#browserOf(request);
    if (flow === undefined || browser === undefined || digest(browser) !== flow.browserHash) throw over();
    // Whoever runs one provider must not bring in what another one has answered (RFC 9700, 4.4).
    if (flow.provider !== provider) throw over();
    return { flow, secrets: secretsOf(browser, state) };
  }

  #browserOf(request: Request): string | undefined {
    const cookie = this.#parts.cookies.read(request, "oidc");
    return cookie !== undefined && SECRET.test(cookie) ? cookie : undefined;
  }
}

function secretsOf(browser: string, state: string): FlowSecrets {
  const derive = (use: string) => createHmac("sha256", browser).update(`${use} ${state}`).digest("base64url");
  return { state, nonce: derive("nonce"), verifier: derive("verifier") };
}

function over(): BarrageError {
  return new BarrageError("gone", "Cannot go on: this was not begun in this browser, or is over");
}
