import { BarrageError } from "protocol/errors.ts";
import { ANONYMOUS, type Caller } from "actors/runtime/caller.ts";
import { KEY_PREFIX } from "./api_key_text.ts";
import type { Cookies } from "./cookies.ts";
import type { Origin } from "./origin.ts";
import type { Revocations } from "./revocations.ts";
import type { Tokens } from "./tokens.ts";
import { revocableId, type Verified, type Verifier } from "./verifier.ts";

const BEARER = /^Bearer +([\x21-\x7e]{1,4096})$/i;
/** These change nothing, so it does not matter who made the browser send them (RFC 9110, 9.2.1). */
const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

export interface AuthenticatorParts {
  readonly tokens: Pick<Tokens, "verify" | "checked">;
  readonly keys: Verifier;
  readonly revocations: Pick<Revocations, "ended" | "surelyNotEnded">;
  readonly cookies: Cookies;
  readonly origin: Origin;
}

/** Who opens a socket: a header stands for `session.hello`, a cookie is there for whoever says none. */
export interface Introduction {
  readonly by: "header" | "cookie";
  readonly verified: Verified;
}

/** Who calls: by an access token or an API key in the `Authorization` header, or by the access token in the cookie. */
export class Authenticator implements Verifier {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /** @throws {BarrageError} `unauthenticated`, for a revoked one too. */
  verify(token: string): Promise<Verified> {
    const { tokens, keys } = this.#parts;
    return this.#check(token.startsWith(KEY_PREFIX) ? keys : tokens, token);
  }

  /**
   * Undefined when the request carries neither.
   * @throws {BarrageError} `unauthenticated` for a token that is not valid, which is never treated as none; `forbidden`
   * when another site may have made the browser send it.
   */
  async identify(request: Request): Promise<Verified | undefined> {
    const bearer = this.#bearer(request);
    if (bearer !== undefined) return await this.verify(bearer);
    const cookie = this.#parts.cookies.read(request, "access");
    if (cookie === undefined) return undefined;
    if (!SAFE_METHODS.includes(request.method)) this.#parts.origin.require(request);
    return await this.#check(this.#parts.tokens, cookie);
  }

  /** @throws {BarrageError} As `identify`, and `unauthenticated` when the request carries neither. */
  async require(request: Request): Promise<Verified> {
    const verified = await this.identify(request);
    if (verified === undefined) throw new BarrageError("unauthenticated");
    return verified;
  }

  async callerOf(request: Request): Promise<Caller> {
    return (await this.identify(request))?.caller ?? ANONYMOUS;
  }

  /** As `callerOf` for a request that changes nothing, when that takes no waiting; undefined says nothing. */
  callerAtHand(request: Request): Caller | undefined {
    const { tokens, cookies, revocations } = this.#parts;
    const header = request.headers.get("authorization");
    const token = header === null ? cookies.read(request, "access") : BEARER.exec(header)?.[1];
    if (token === undefined) return header === null ? ANONYMOUS : undefined;
    const caller = tokens.checked(token)?.caller;
    return caller !== undefined && revocations.surelyNotEnded(revocableId(caller)) ? caller : undefined;
  }

  /**
   * Who opens a socket. A cookie that another site made the browser send, or that is no good, is none: such a socket can
   * still say hello with a token of its own.
   * @throws {BarrageError} `unauthenticated` for a bad header.
   */
  async greet(request: Request): Promise<Introduction | undefined> {
    const bearer = this.#bearer(request);
    if (bearer !== undefined) return { by: "header", verified: await this.verify(bearer) };
    const cookie = this.#parts.cookies.read(request, "access");
    if (cookie === undefined || !this.#parts.origin.sent(request)) return undefined;
    try {
      return { by: "cookie", verified: await this.#check(this.#parts.tokens, cookie) };
    } catch (error) {
      if (error instanceof BarrageError && error.reason === "unauthenticated") return undefined;
      throw error;
    }
  }

  async #check(verifier: Verifier, token: string): Promise<Verified> {
    const verified = await verifier.verify(token);
    // Last, and never kept: whatever ends while the token is checked counts.
    if (await this.#parts.revocations.ended(revocableId(verified.caller))) {
      throw new BarrageError("unauthenticated", "The token is not valid");
    }
    return verified;
  }

  #bearer(request: Request): string | undefined {
    const header = request.headers.get("authorization");
    if (header === null) return undefined;
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) {
      throw new BarrageError("unauthenticated", "The Authorization header is not a bearer token");
    }
    return token;
  }
}
