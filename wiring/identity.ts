import type { Bus } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Config } from "config";
import { ApiKeyChecker } from "routes/api_key_checker.ts";
import { Cookies } from "routes/cookies.ts";
import { Authenticator } from "routes/identify.ts";
import { Origin } from "routes/origin.ts";
import { PublicKeys } from "routes/public_keys.ts";
import { Revocations } from "routes/revocations.ts";
import { SigningKeys } from "routes/signing_key.ts";
import { GUEST_TOKEN_MS, Tokens } from "routes/tokens.ts";
import type { Storage } from "storage/storage.ts";

export interface IdentityGround {
  readonly storage: Pick<Storage, "tokenKeys" | "revocations" | "apiKeys">;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly drops: Drops;
}

export type Identity = Awaited<ReturnType<typeof openIdentity>>;

/** What tells who a request comes from. */
export async function openIdentity(
  { server, tokens: settings }: Config,
  { storage, bus, clock, drops }: IdentityGround,
  owned: AsyncDisposableStack,
) {
  const signing = owned.use(
    await SigningKeys.open({
      dataDir: server.dataDir,
      store: storage.tokenKeys,
      clock,
      rotationMs: settings.keyRotationDays * 86_400_000,
      tokenMaxMs: GUEST_TOKEN_MS,
    }),
  );
  const publicKeys = new PublicKeys(storage.tokenKeys, clock);
  const tokens = new Tokens({
    signing,
    keys: publicKeys,
    now: () => clock.now(),
    accessMs: settings.accessSeconds * 1_000,
    cachedMax: settings.checkedMax,
  });
  const revocations = owned.use(
    await Revocations.open({
      store: storage.revocations,
      bus,
      clock,
      drops,
      max: settings.revokedMax,
      pollMs: settings.revocationPollMs,
    }),
  );
  const keys = new ApiKeyChecker(storage.apiKeys, clock);
  const origin = new Origin(server.publicUrl);
  const cookies = new Cookies(origin);
  const authenticator = new Authenticator({ tokens, keys, revocations, cookies, origin });
  return { publicKeys, tokens, revocations, keys, origin, cookies, authenticator };
}
