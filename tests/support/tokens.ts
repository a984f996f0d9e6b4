import { importJWK, type JWK, type JWTPayload, SignJWT } from "jose";
import { join } from "node:path";

const SESSION = "01JD3Y4B6V8Q2Z5K7M9N0P1R2T";

/** Signs whatever a test asks for, with the server's own key or another; what is not given is as the server issues it. */
export class TokenForge {
  readonly #key: JWK;

  constructor(key: JWK) {
    this.#key = key;
  }

  /** With the key that the server keeps in its data directory. */
  static async of(dataDir: string): Promise<TokenForge> {
    return new TokenForge(JSON.parse(await Deno.readTextFile(join(dataDir, "token_key.json"))));
  }

  async sign(claims: JWTPayload, alg: string = "EdDSA"): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const who = { name: "Mallory", sid: SESSION, standing: "guest" };
    const usual = { iss: "barrage", aud: "barrage", iat: now, exp: now + 60, ...who };
    return await new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg, kid: this.#key.kid ?? "" })
      .sign(await importJWK(this.#key, alg));
  }
}

/** A token that claims to need no signature (RFC 7519, 6). */
export function unsignedToken(claims: JWTPayload): string {
  return `${base64url({ alg: "none" })}.${base64url(claims)}.`;
}

function base64url(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
