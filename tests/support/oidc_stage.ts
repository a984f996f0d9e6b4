import { AddressLimiter } from "routes/address_limiter.ts";
import { Arrivals } from "routes/arrivals.ts";
import { Cookies } from "routes/cookies.ts";
import { oidcRoutes } from "routes/oidc.ts";
import { Flows } from "routes/oidc/flows.ts";
import { OidcDesk } from "routes/oidc/oidc_desk.ts";
import type { ProviderSettings } from "routes/oidc/provider_file.ts";
import { OidcProviders } from "routes/oidc/providers.ts";
import { Origin } from "routes/origin.ts";
import { SessionDesk } from "routes/session_desk.ts";
import type { Verified } from "routes/verifier.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { MemoryCache } from "storage/cache/memory.ts";
import type { AccountProcess } from "tests/support/account_stage.ts";
import type { OidcProvider } from "tests/support/oidc_provider.ts";

export const FLOW_MS = 600_000;
export const TIMEOUT_MS = 5_000;

export function settingsOf({ id, issuer, secret }: OidcProvider): ProviderSettings {
  return {
    ...{ id, issuer, name: id, clientId: id, scopes: ["profile", "email"] },
    ...(secret === undefined ? {} : { clientSecret: secret }),
  };
}

/** The routes on the clock of a stage, for whoever `caller` is, or was when the page was left. */
export function oidcApp(
  { node, storage, stage: { clock } }: AccountProcess,
  providers: readonly OidcProvider[],
  { caller, publicUrl, looked = () => Promise.resolve() }: {
    readonly caller?: Caller;
    readonly publicUrl?: string;
    /** Whoever has looked for an identity waits for it. */
    readonly looked?: () => Promise<void>;
  } = {},
): (request: Request) => Promise<Response> {
  const origin = new Origin(publicUrl);
  const cookies = new Cookies(origin);
  const { accounts } = storage;
  const cache = new MemoryCache(() => clock.monotonic());
  const limiter = new AddressLimiter(cache, "test", 1_000);
  const tokens = { issueAccess: () => Promise.resolve({ token: "access", expiresAt: clock.now() + 1 }) };
  const arrivals = new Arrivals(cookies, () => undefined);
  const desk = new SessionDesk({
    ...{ node, accounts, tokens, cookies, origin, arrivals },
    known: { remember: () => Promise.resolve() },
  });
  const identify = (): Promise<Verified | undefined> =>
    Promise.resolve(caller && { caller, expiresAt: Infinity } as Verified);
  const known = new OidcProviders(providers.map(settingsOf), TIMEOUT_MS, () => clock.monotonic());
  const flows = new Flows({ store: storage.oidcFlows, cookies, clock, lifeMs: FLOW_MS });
  const app = oidcRoutes({
    ...{ node, flows, providers: known, authenticator: { identify }, starts: limiter, returns: limiter },
    desk: new OidcDesk({
      ...{ node, providers: known, flows, origin, desk },
      accounts: {
        async byIdentity(...identity) {
          const account = await accounts.byIdentity(...identity);
          await looked();
          return account;
        },
      },
      ...{ authenticator: { identify }, registrations: limiter },
      border: { refuseWrites: () => {} },
    }),
  });
  return async (request) => await app.fetch(request, { address: "203.0.113.7" });
}
