import type { SessionTokens, SignedIn, Transport } from "protocol/accounts.ts";
import { request } from "./http.ts";

interface Reach {
  /** The server's address, `https://host`. */
  readonly url: string | URL;
  readonly signal?: AbortSignal | undefined;
}

interface Credentials extends Reach {
  readonly login: string;
  readonly password: string;
  /** Pages of the server's own origin take `cookie`. @default {"body"} */
  readonly transport?: Transport;
}

/**
 * Begins a session; `login` may also be a contact of the account.
 * @throws {BarrageCallError} `unauthenticated` whatever of the two is wrong, `rate_limited` with `retryAfterMs`.
 */
export function signIn({ url, signal, login, password, transport = "body" }: Credentials): Promise<SignedIn> {
  return request(new URL("/v1/login", url), {
    method: "POST",
    body: { login, password, transport },
    signal,
  });
}

/**
 * Makes an account and begins a session. With a guest's token the guest becomes the account and keeps its id and rooms.
 * @throws {BarrageCallError} `conflict` when the login is taken, `invalid_params` with `path`.
 */
export function register(
  options: Credentials & { readonly name?: string; readonly guest?: string | undefined },
): Promise<SignedIn> {
  const { url, signal, login, password, name, guest, transport = "body" } = options;
  return request(new URL("/v1/accounts", url), {
    method: "POST",
    token: guest,
    body: { login, password, transport, ...(name !== undefined && { name }) },
    signal,
  });
}

/**
 * Takes the refresh token for its successor and a new access token. Pages leave the tokens to their cookies.
 * @throws {BarrageCallError} `unauthenticated` when the session has ended, `rate_limited` when it is too early.
 */
export function refresh({ url, signal, ...tokens }: Reach & SessionTokens): Promise<SignedIn> {
  return request(new URL("/v1/refresh", url), { method: "POST", body: tokens, signal });
}

/**
 * Ends the session of the access token, or else the one that the other tokens, or the page's cookies, are of. It is no
 * error when it has ended before.
 */
export function signOut(
  { url, signal, token, ...tokens }: Reach & SessionTokens & { readonly token?: string },
): Promise<void> {
  return request(new URL("/v1/logout", url), { method: "POST", token, body: tokens, signal });
}
