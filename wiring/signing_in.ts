import type { ActorNode } from "actors/runtime/node.ts";
import type { Config } from "config";
import { AddressLimiter } from "routes/address_limiter.ts";
import { Arrivals } from "routes/arrivals.ts";
import { CodeDelivery } from "routes/code_delivery.ts";
import { CodeDesk } from "routes/code_desk.ts";
import { CodeLimits } from "routes/code_limits.ts";
import { KnownBrowsers } from "routes/known_browsers.ts";
import { LoginThrottle } from "routes/login_throttle.ts";
import { Flows } from "routes/oidc/flows.ts";
import { OidcDesk } from "routes/oidc/oidc_desk.ts";
import { readProviders } from "routes/oidc/provider_file.ts";
import { OidcProviders } from "routes/oidc/providers.ts";
import { PasswordCheck } from "routes/password_check.ts";
import { Passwords } from "routes/passwords.ts";
import { loadRegions } from "routes/region_file.ts";
import { RefusedSignIns } from "routes/refused_sign_ins.ts";
import { ResetDesk } from "routes/reset_desk.ts";
import { SessionDesk } from "routes/session_desk.ts";
import type { Border } from "routes/switches/border.ts";
import { openSenders } from "senders/open.ts";
import type { Cache } from "storage/cache/cache.ts";
import type { Storage } from "storage/storage.ts";
import type { Identity } from "./identity.ts";

export interface SigningInGround {
  readonly node: ActorNode;
  readonly storage: Storage;
  readonly cache: Cache;
  readonly identity: Identity;
  readonly border: Border;
}

export type SigningIn = Awaited<ReturnType<typeof openSigningIn>>;

/** Passwords, codes and other providers: every way into an account. */
export async function openSigningIn(
  { server, accounts: settings, passwords: hashing, codes, upkeep }: Config,
  { node, storage, cache, identity, border }: SigningInGround,
  owned: AsyncDisposableStack,
) {
  const { drops, ports: { clock, ids } } = node;
  const { accounts, audit } = storage;
  const { authenticator, cookies, origin, tokens } = identity;
  const passwords = owned.use(
    new Passwords({
      cost: { memoryKib: hashing.memoryKib, iterations: hashing.iterations },
      workers: hashing.workers,
      queueMax: hashing.queueMax,
      drops,
    }),
  );
  const subjectsMax = upkeep.auditSubjectsMax;
  const refused = owned.use(new RefusedSignIns({ audit, ids, clock, drops, subjectsMax }));
  const throttle = new LoginThrottle({
    cache,
    attempts: settings.loginAttempts,
    attemptsTotal: settings.loginAttemptsTotal,
  });
  const check = new PasswordCheck({ accounts, refused, passwords, throttle });

  const senders = openSenders({ ...codes, dataDir: server.dataDir });
  const { sendTimeoutMs: timeoutMs, inFlight: max } = codes;
  const delivery = new CodeDelivery({ senders, drops, timeoutMs, max });
  const codeDesk = new CodeDesk({
    sessions: storage.sessions,
    passwords,
    delivery,
    minutes: settings.codeMinutes,
  });
  const codeLimits = new CodeLimits({ cache, ...codes });
  const resets = owned.use(new ResetDesk({ node, accounts, codes: codeDesk, refused, clock, drops, max }));

  const arrivals = new Arrivals(cookies, await loadRegions(`${server.dataDir}/regions.csv`));
  const known = new KnownBrowsers({ tokens, cookies, now: () => clock.now() });
  const desk = new SessionDesk({ node, accounts, tokens, cookies, origin, arrivals, known });
  const registrations = new AddressLimiter(cache, "accounts", settings.accountsPerMinute);

  const described = await readProviders(server.dataDir);
  const providers = new OidcProviders(described, settings.oidcTimeoutMs, () => clock.monotonic());
  const lifeMs = settings.oidcFlowMinutes * 60_000;
  const flows = new Flows({ store: storage.oidcFlows, cookies, clock, lifeMs });
  const oidc = {
    providers,
    flows,
    desk: new OidcDesk({
      node,
      accounts,
      providers,
      flows,
      authenticator,
      origin,
      desk,
      registrations,
      border,
    }),
  };
  return {
    passwords,
    refused,
    check,
    known,
    delivery,
    codeDesk,
    codeLimits,
    resets,
    desk,
    registrations,
    oidc,
  };
}
