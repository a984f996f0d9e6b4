import { z } from "zod";

/** How the configuration calls a provider; it stands in the redirect URI that the provider knows. */
export const ProviderId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be 1-32 of a-z, 0-9 and -");

/** OpenID Connect providers that people can sign in with. */
export const Providers = z.object({ providers: z.array(z.object({ id: ProviderId, name: z.string() })) });

const SOME_ORIGIN = "http://origin.invalid";

/** A path of this site. Browsers read `//host`, `/\host` and `/<tab>/host` as another site, and `/.//host` as `//host`. */
const ReturnTo = z.string().max(512).refine((path) => {
  if (!/^\/[\x21-\x7e]*$/.test(path) || !URL.canParse(path, SOME_ORIGIN)) return false;
  const { origin, pathname } = new URL(path, SOME_ORIGIN);
  return origin === SOME_ORIGIN && !pathname.startsWith("//");
}, "must be a path of this site").transform((path) => {
  const { pathname, search, hash } = new URL(path, SOME_ORIGIN);
  return pathname + search + hash;
});

/**
 * `sign_in`: to an account, a new one if need be; `link`: to sign in that way, too, from now on; `confirm`: to prove
 * again who one is, as others do with their password.
 */
export const OidcPurposeKind = z.enum(["sign_in", "link", "confirm"]);

export const BeginOidc = z.strictObject({
  purpose: OidcPurposeKind.default("sign_in"),
  /** Where the browser goes afterwards. */
  returnTo: ReturnTo.default("/"),
});
export type BeginOidc = z.infer<typeof BeginOidc>;

/** Where the browser has to go now. */
export const BegunOidc = z.object({ url: z.url() });
