import { exportJWK, generateKeyPair, type JWK } from "jose";
import { join } from "node:path";

/** The Ed25519 key that signs tokens, made on the first start and readable by the owner of DATA_DIR only. */
export async function loadSigningKey(dataDir: string): Promise<JWK> {
  const path = join(dataDir, "token_key.json");
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new Error(`Cannot read the signing key ${path}`, { cause: error });
    }
  }
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const key = { ...await exportJWK(privateKey), kid: crypto.randomUUID() };
  // Written aside and renamed: a crash in the middle must not leave half a key.
  const draft = `${path}.new`;
  await Deno.writeTextFile(draft, JSON.stringify(key), { mode: 0o600 });
  await Deno.rename(draft, path);
  return key;
}
