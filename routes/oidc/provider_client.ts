import * as client from "openid-client";
import { BarrageError } from "protocol/errors.ts";
import { Claims, Proven } from "./claims.ts";
import type { FlowSecrets } from "./flows.ts";
import type { ProviderSettings } from "./provider_file.ts";
import { fetchBounded } from "./provider_fetch.ts";

/** Somebody whom a provider knows. */
export interface Identified {
  readonly proven: Proven;
  readonly accessToken: string;
}

/** Back from the provider: with what, and what it must fit. */
export interface Return {
  /** The redirect URI and what the provider put behind it. */
  readonly url: URL;
  readonly secrets: FlowSecrets;
  /** Seconds since the password may have been given there at the earliest; any time ago when undefined. */
  readonly maxAge: number | undefined;
}

/** @throws what openid-client throws. */
export function discover(settings: ProviderSettings, timeoutMs: number): Promise<client.Configuration> {
  const { issuer, clientId, clientSecret } = settings;
  // A signature of a token that came straight from the provider need not be checked (OpenID Connect Core 1.0, 3.1.3.7);
  // over plain HTTP, and behind proxies that break TLS open, it is all there is.
  const execute = [client.enableNonRepudiationChecks];
  if (new URL(issuer).protocol === "http:") execute.push(client.allowInsecureRequests);
  return client.discovery(
    new URL(issuer),
    clientId,
    undefined,
    clientSecret === undefined ? client.None() : authenticateWith(clientSecret),
    { execute, timeout: timeoutMs / 1_000, [client.customFetch]: fetchBounded },
  );
}

/** @param fresh Whether the provider has to ask for the password in any case. */
export async function authorizationUrl(
  provider: client.Configuration,
  { scopes }: ProviderSettings,
  redirectUri: string,
  { state, nonce, verifier }: FlowSecrets,
  fresh: boolean,
): Promise<URL> {
  return client.buildAuthorizationUrl(provider, {
    redirect_uri: redirectUri,
    scope: [...new Set(["openid", ...scopes])].join(" "),
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...(fresh ? { prompt: "login", max_age: "0" } : {}),
  });
}

/** @throws {BarrageError} `unauthenticated` when the answer lacks what is needed; and what openid-client throws. */
export async function redeem(
  provider: client.Configuration,
  { url, secrets, maxAge }: Return,
): Promise<Identified> {
  const tokens = await client.authorizationCodeGrant(provider, url, {
    expectedState: secrets.state,
    expectedNonce: secrets.nonce,
    pkceCodeVerifier: secrets.verifier,
    idTokenExpected: true,
    ...(maxAge === undefined ? {} : { maxAge }),
  });
  const { data: proven } = Proven.safeParse(tokens.claims());
  if (proven === undefined) throw new BarrageError("unauthenticated", "The provider does not say who it is");
  return { proven, accessToken: tokens.access_token };
}

/** Many providers keep names out of the ID token. */
export async function askForNames(
  provider: client.Configuration,
  { proven, accessToken }: Identified,
): Promise<Claims> {
  const complete = proven.name !== undefined && proven.preferred_username !== undefined;
  if (complete || provider.serverMetadata().userinfo_endpoint === undefined) return proven;
  const { name, preferred_username, email } = Claims.parse(
    await client.fetchUserInfo(provider, accessToken, proven.sub),
  );
  return {
    name: proven.name ?? name,
    preferred_username: proven.preferred_username ?? preferred_username,
    email: proven.email ?? email,
  };
}

/** As the provider takes secrets; one that does not say takes them in the header (OpenID Connect Discovery 1.0, 3). */
function authenticateWith(clientSecret: string): client.ClientAuth {
  const basic = client.ClientSecretBasic(clientSecret);
  const post = client.ClientSecretPost(clientSecret);
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
    const inBody = methods.includes("client_secret_post") && !methods.includes("client_secret_basic");
    (inBody ? post : basic)(server, ...rest);
  };
}
