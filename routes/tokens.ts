import { decodeProtectedHeader, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import type { User } from "protocol/users.ts";
import { type Caller, Standing } from "actors/runtime/caller.ts";
import type { TokenKeyStore } from "storage/storage.ts";

const ALGORITHM = "EdDSA";
const ISSUER = "barrage";
const AUDIENCE = "barrage";
const GUEST_DAYS = 30;
/** Keys of other nodes, and key ids that nobody has: a flood of made-up ids must not reach the database each time. */
const KEYS_MAX = 1_000;
const KEY_TTL_MS = 60_000;

const Claims = z.object({ sub: Ulid, sid: Ulid, name: z.string().min(1).max(128), standing: Standing });
const KeyId = z.string().min(1).max(64);

export type UserCaller = Extract<Caller, { kind: "user" }>;

export interface TokenVerifier {
  /** @throws {BarrageError} `unauthenticated`, without saying which check failed. */
  verify(token: string): Promise<UserCaller>;
}

/**
 * Signed tokens (RFC 7519 with EdDSA, RFC 8037). Each node signs with a key of its own and publishes the public half,
 * so no node ever holds another one's secret and checking a token takes no look-up.
 */
export class Tokens implements TokenVerifier {
  readonly #privateKey: CryptoKey;
  readonly #keyId: string;
  readonly #keys: TokenKeyStore;
  readonly #known = new LRUCache<string, CryptoKey | "unknown">({ max: KEYS_MAX, ttl: KEY_TTL_MS });
  readonly #ownPublicKey: CryptoKey;

  private constructor(privateKey: CryptoKey, publicKey: CryptoKey, keyId: string, keys: TokenKeyStore) {
    this.#privateKey = privateKey;
    this.#ownPublicKey = publicKey;
    this.#keyId = keyId;
    this.#keys = keys;
  }

  /** @param key An Ed25519 private key with a `kid`; its public half is published in `keys`. */
  static async from(key: JWK, keys: TokenKeyStore): Promise<Tokens> {
    const { d: _private, ...publicPart } = key;
    const [privateKey, publicKey] = await Promise.all([
      importJWK(key, ALGORITHM),
      importJWK(publicPart, ALGORITHM),
    ]);
    if (!(privateKey instanceof CryptoKey) || !(publicKey instanceof CryptoKey) || key.kid === undefined) {
      throw new TypeError("Cannot use the signing key: it is not an Ed25519 key with a kid");
    }
    await keys.publish(key.kid, publicPart);
    return new Tokens(privateKey, publicKey, key.kid, keys);
  }

  async issueGuest(user: User): Promise<string> {
    return await new SignJWT({ name: user.name, sid: user.id, standing: "guest" })
      .setProtectedHeader({ alg: ALGORITHM, kid: this.#keyId })
      .setSubject(user.id).setIssuer(ISSUER).setAudience(AUDIENCE)
      .setIssuedAt().setExpirationTime(`${GUEST_DAYS}d`)
      .sign(this.#privateKey);
  }

  async verify(token: string): Promise<UserCaller> {
    const key = await this.#keyOf(token);
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [ALGORITHM],
        issuer: ISSUER,
        audience: AUDIENCE,
      });
      const { sub, sid, name, standing } = Claims.parse(payload);
      return { kind: "user", user: { id: sub, name }, standing, session: sid };
    } catch (cause) {
      throw new BarrageError("unauthenticated", "The token is not valid", { cause });
    }
  }

  /** @throws {BarrageError} `unauthenticated` for an unknown key; `unavailable` when the store cannot be asked. */
  async #keyOf(token: string): Promise<CryptoKey> {
    const kid = keyIdOf(token);
    if (kid === this.#keyId) return this.#ownPublicKey;
    let key = this.#known.get(kid);
    if (key === undefined) {
      const found = await this.#keys.find(kid);
      const imported = found === undefined ? undefined : await importJWK(found as JWK, ALGORITHM);
      key = imported instanceof CryptoKey ? imported : "unknown";
      this.#known.set(kid, key);
    }
    if (key === "unknown") throw new BarrageError("unauthenticated", "The token is not valid");
    return key;
  }
}

function keyIdOf(token: string): string {
  try {
    return KeyId.parse(decodeProtectedHeader(token).kid);
  } catch (cause) {
    throw new BarrageError("unauthenticated", "The token is not valid", { cause });
  }
}
