import { decodeProtectedHeader, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import { type Caller, Standing } from "actors/runtime/caller.ts";
import type { PublicKeys } from "./public_keys.ts";
import { ALGORITHM, type SigningKey } from "./signing_key.ts";
import type { Verified, Verifier } from "./verifier.ts";

const ISSUER = "barrage";
const AUDIENCE = "barrage";
/** Of tokens that sign nobody in. */
const KNOWN_AUDIENCE = "barrage-known";
/** A guest has nothing to refresh with. */
export const GUEST_TOKEN_MS = 30 * 86_400_000;
const TOKEN_MAX_LENGTH = 4_096;

const Header = z.object({ alg: z.literal(ALGORITHM), kid: z.string().min(1).max(64) });
const Claims = z.object({
  sub: Ulid,
  sid: Ulid,
  name: z.string().min(1).max(128),
  standing: Standing,
  iat: z.int(),
  exp: z.int(),
});

const KnownClaims = z.object({ sub: Ulid, bid: z.string().min(1).max(64) });

/** A browser in which somebody has signed in to the account. */
export interface KnownBrowser {
  readonly account: string;
  readonly browser: string;
}

export type UserCaller = Extract<Caller, { kind: "user" }>;
/** Whom a token is for. */
export type Bearer = Pick<UserCaller, "user" | "standing" | "session">;

export interface Issued {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface TokensOptions {
  readonly signing: { readonly present: SigningKey };
  readonly keys: Pick<PublicKeys, "find">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of access tokens. */
  readonly accessMs: number;
  /** Tokens that were checked before and are remembered. */
  readonly cachedMax: number;
}

/**
 * Signed tokens (RFC 7519 with EdDSA, RFC 8037). Each node signs with a key of its own and publishes the public half,
 * so no node ever holds another one's secret, and checking a token asks nobody. A signature is checked once while its
 * token is remembered: the check takes longer than most calls.
 */
export class Tokens implements Verifier {
  readonly #options: TokensOptions;
  readonly #checked: LRUCache<string, Verified>;

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#checked = new LRUCache({ max: options.cachedMax });
  }

  /** @param notAfter When its session ends at the latest, in milliseconds since 1970. */
  issueAccess(bearer: Bearer, notAfter = Infinity): Promise<Issued> {
    return this.#issue(bearer, Math.min(this.#options.accessMs, notAfter - this.#options.now()));
  }

  /** @param bearer With a session of its own, so that this token alone can be revoked. */
  issueGuest(bearer: Omit<Bearer, "standing">): Promise<Issued> {
    return this.#issue({ ...bearer, standing: "guest" }, GUEST_TOKEN_MS);
  }

  /** What tells a browser again; for as long as a guest's token. */
  async issueKnown({ account, browser }: KnownBrowser): Promise<Issued> {
    return await this.#sign({ bid: browser }, account, KNOWN_AUDIENCE, GUEST_TOKEN_MS);
  }

  /** Undefined for a token that is no good. */
  async readKnown(token: string): Promise<KnownBrowser | undefined> {
    try {
      const { sub, bid } = KnownClaims.parse(await this.#payload(token, KNOWN_AUDIENCE));
      return { account: sub, browser: bid };
    } catch {
      return undefined;
    }
  }

  /**
   * Whether it was revoked is not looked at.
   * @throws {BarrageError} `unauthenticated`; `unavailable` or another reason when its key cannot be looked for.
   */
  async verify(token: string): Promise<Verified> {
    const checked = this.checked(token);
    if (checked !== undefined) return checked;
    this.#checked.delete(token);
    const verified = await this.#check(token);
    this.#checked.set(token, verified);
    return verified;
  }

  /** As `verify`, of a token that was checked before and is remembered. */
  checked(token: string): Verified | undefined {
    const checked = this.#checked.get(token);
    return checked !== undefined && this.#options.now() < checked.expiresAt ? checked : undefined;
  }

  #issue({ user, standing, session }: Bearer, lifeMs: number): Promise<Issued> {
    return this.#sign({ name: user.name, sid: session, standing }, user.id, AUDIENCE, lifeMs);
  }

  async #sign(
    claims: Readonly<Record<string, string>>,
    subject: string,
    audience: string,
    lifeMs: number,
  ): Promise<Issued> {
    const { signing, now } = this.#options;
    const { privateKey, kid, expiresAt: keyEnd } = signing.present;
    const iat = Math.floor(now() / 1_000);
    const exp = Math.floor(Math.min(now() + lifeMs, keyEnd) / 1_000);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, kid })
      .setSubject(subject).setIssuer(ISSUER).setAudience(audience)
      .setIssuedAt(iat).setExpirationTime(exp)
      .sign(privateKey);
    return { token, expiresAt: exp * 1_000 };
  }

  async #check(token: string): Promise<Verified> {
    const payload = await this.#payload(token, AUDIENCE);
    try {
      const { sub, sid, name, standing, exp } = Claims.parse(payload);
      const caller: UserCaller = { kind: "user", user: { id: sub, name }, standing, session: sid };
      return { caller, expiresAt: exp * 1_000 };
    } catch (cause) {
      throw refused(cause);
    }
  }

  /** @throws {BarrageError} `unauthenticated`. */
  async #payload(token: string, audience: string): Promise<JWTPayload> {
    const key = await this.#keyOf(token);
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience,
        currentDate: new Date(this.#options.now()),
      });
      return payload;
    } catch (cause) {
      throw refused(cause);
    }
  }

  async #keyOf(token: string): Promise<CryptoKey> {
    const { signing, keys } = this.#options;
    const kid = keyIdOf(token);
    const { present } = signing;
    const key = kid === present.kid ? present.publicKey : await keys.find(kid);
    if (key === undefined) throw refused();
    return key;
  }
}

function keyIdOf(token: string): string {
  if (token.length > TOKEN_MAX_LENGTH) throw refused();
  try {
    return Header.parse(decodeProtectedHeader(token)).kid;
  } catch (cause) {
    throw refused(cause);
  }
}

function refused(cause?: unknown): BarrageError {
  return new BarrageError("unauthenticated", "The token is not valid", { cause });
}
