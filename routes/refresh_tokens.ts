import { createHash, createHmac, randomBytes } from "node:crypto";
import { Ulid } from "protocol/ids.ts";

const SECRET_BYTES = 32;
/** Of 32 bytes. */
const BASE64URL = /^[\w-]{43}$/;

/** `<account>.<session>.<secret>`: it names the actor that is asked about it, and nothing else can be read from it. */
export interface RefreshToken {
  readonly account: string;
  readonly session: string;
  readonly secret: string;
}

/** 32 random bytes, base64url: a secret, or a salt. */
export function randomSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** What is stored of a secret, and what travels: SHA-256, base64url. It has 256 random bits, so it needs no salt. */
export function digest(secret: string): string {
  return createHash("sha256").update(secret).digest("base64url");
}

/** Undefined for anything that is no refresh token. */
export function parseRefreshToken(text: string): RefreshToken | undefined {
  const [account, session, secret, ...rest] = text.split(".", 4);
  const good = rest.length === 0 && Ulid.safeParse(account).success && Ulid.safeParse(session).success &&
    BASE64URL.test(secret ?? "");
  return good ? { account, session, secret } as RefreshToken : undefined;
}

export function formatRefreshToken({ account, session, secret }: RefreshToken): string {
  return `${account}.${session}.${secret}`;
}

/**
 * The token that takes the place of this one. Whoever has this one can make it again with the salt, which is stored;
 * whoever has only the database cannot.
 */
export function successorOf(token: RefreshToken, salt: string): RefreshToken {
  return { ...token, secret: createHmac("sha256", token.secret).update(salt).digest("base64url") };
}
