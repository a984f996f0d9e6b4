import { BarrageError } from "protocol/errors.ts";
import { ANONYMOUS, type Caller } from "actors/runtime/caller.ts";
import type { TokenVerifier, UserCaller } from "./tokens.ts";

const BEARER = /^Bearer +([\x21-\x7e]{1,4096})$/i;

/**
 * Who sends the request: the bearer token's user, or nobody.
 * @throws {BarrageError} `unauthenticated` for a token that is not valid; a bad token is never treated as none.
 */
export async function identify(headers: Headers, tokens: TokenVerifier): Promise<UserCaller | undefined> {
  const header = headers.get("authorization");
  if (header === null) return undefined;
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) {
    throw new BarrageError("unauthenticated", "The Authorization header is not a bearer token");
  }
  return await tokens.verify(token);
}

export async function callerOf(headers: Headers, tokens: TokenVerifier): Promise<Caller> {
  return await identify(headers, tokens) ?? ANONYMOUS;
}
