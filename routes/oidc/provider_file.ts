import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import { z } from "zod";
import { ProviderId } from "protocol/oidc.ts";
import { DisplayName } from "protocol/users.ts";
import { isLoopback } from "../origin.ts";

const log = getLogger(["barrage", "oidc"]);

const PROVIDERS_MAX = 32;
const FILE_MAX_BYTES = 65_536;

/** What comes from there is believed, so it must not travel in clear (OpenID Connect Discovery 1.0, 3). */
const Issuer = z.string().max(1_024).refine((text) => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username + password + search + hash !== "") return false;
  return protocol === "https:" || protocol === "http:" && isLoopback(hostname);
}, "must be https://HOST, or http:// at localhost, without a query");

const Scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, "must be a scope");

const ProviderSettings = z.strictObject({
  id: ProviderId,
  /** As the page calls it. */
  name: DisplayName,
  issuer: Issuer,
  clientId: z.string().min(1).max(512),
  /** Missing for a public client. */
  clientSecret: z.string().min(1).max(2_048).optional(),
  /** `openid` is asked for in any case. */
  scopes: z.array(Scope).max(32).default(["profile", "email"]),
});
export type ProviderSettings = z.infer<typeof ProviderSettings>;

const ProviderFile = z.array(ProviderSettings).max(PROVIDERS_MAX).refine(
  (providers) => new Set(providers.map(({ id }) => id)).size === providers.length,
  "must not have two providers with one id",
);

/**
 * The providers of `DATA_DIR/oidc.json`; none when there is no such file.
 * @throws {Error} with a sentence that says what to change and shows nothing of what the file says.
 */
export async function readProviders(dataDir: string): Promise<ProviderSettings[]> {
  const path = join(dataDir, "oidc.json");
  const text = await readText(path);
  if (text === undefined) return [];
  const result = ProviderFile.safeParse(parse(path, text));
  if (!result.success) throw new Error(`Cannot use ${path}: ${complaint(result.error)}`);
  await warnOfReaders(path, result.data);
  return result.data;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const { size } = await Deno.stat(path);
    if (size > FILE_MAX_BYTES) throw new Error(`Cannot use ${path}: it is over ${FILE_MAX_BYTES} bytes`);
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: it quotes what stands there, and that may be a secret.
    throw new Error(`Cannot use ${path}: it is not JSON`);
  }
}

function complaint({ issues: [issue] }: z.ZodError): string {
  if (issue === undefined) return "it is not valid";
  const keys = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const place = [...issue.path, ...keys].join(".") || "it";
  return issue.code === "unrecognized_keys" ? `${place} is no setting` : `${place}: ${issue.message}`;
}

async function warnOfReaders(path: string, providers: readonly ProviderSettings[]): Promise<void> {
  if (providers.every(({ clientSecret }) => clientSecret === undefined)) return;
  const { mode } = await Deno.stat(path);
  if (mode === null || (mode & 0o077) === 0) return;
  log.warn("Others on this machine may read the secrets in {path}: set its mode to 600", { path });
}
