import { importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import type { User } from "protocol/users.ts";
import type { Caller } from "actors/runtime/caller.ts";

const ALGORITHM = "EdDSA";
const ISSUER = "barrage";
const AUDIENCE = "barrage";
const GUEST_DAYS = 30;

const Claims = z.object({ sub: Ulid, name: z.string().min(1).max(128), guest: z.literal(true) });

export type UserCaller = Extract<Caller, { kind: "user" }>;

export interface TokenVerifier {
  /** @throws {BarrageError} `unauthenticated`, without saying which check failed. */
  verify(token: string): Promise<UserCaller>;
}

/** Signed tokens (RFC 7519 with EdDSA, RFC 8037): checking one needs no look-up. */
export class Tokens implements TokenVerifier {
  readonly #privateKey: CryptoKey;
  readonly #publicKey: CryptoKey;
  readonly #keyId: string;

  private constructor(privateKey: CryptoKey, publicKey: CryptoKey, keyId: string) {
    this.#privateKey = privateKey;
    this.#publicKey = publicKey;
    this.#keyId = keyId;
  }

  /** @param key An Ed25519 private key with a `kid`. */
  static async from(key: JWK): Promise<Tokens> {
    const { d: _private, ...publicPart } = key;
    const [privateKey, publicKey] = await Promise.all([
      importJWK(key, ALGORITHM),
      importJWK(publicPart, ALGORITHM),
    ]);
    if (!(privateKey instanceof CryptoKey) || !(publicKey instanceof CryptoKey) || key.kid === undefined) {
      throw new TypeError("Cannot use the signing key: it is not an Ed25519 key with a kid");
    }
    return new Tokens(privateKey, publicKey, key.kid);
  }

  async issueGuest(user: User): Promise<string> {
    return await new SignJWT({ name: user.name, guest: true })
      .setProtectedHeader({ alg: ALGORITHM, kid: this.#keyId })
      .setSubject(user.id).setIssuer(ISSUER).setAudience(AUDIENCE)
      .setIssuedAt().setExpirationTime(`${GUEST_DAYS}d`)
      .sign(this.#privateKey);
  }

  async verify(token: string): Promise<UserCaller> {
    try {
      const { payload } = await jwtVerify(token, this.#publicKey, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
      });
      const { sub, name } = Claims.parse(payload);
      return { kind: "user", user: { id: sub, name }, guest: true };
    } catch (cause) {
      throw new BarrageError("unauthenticated", "The token is not valid", { cause });
    }
  }
}
