import {
  exportJWK,
  generateKeyPair,
  type GenerateKeyPairResult,
  type JWTPayload,
  SignJWT,
  UnsecuredJWT,
} from "jose";

/** What its ID tokens are like. */
export type Forgery =
  | "good"
  | "another key"
  | "no signature"
  | "another audience"
  | "another issuer"
  | "no nonce"
  | "run out";

/** A provider that answers whatever a test tells it to: a real one issues no bad tokens. */
export class ForgingProvider implements AsyncDisposable {
  forgery: Forgery = "good";
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #keys: { readonly good: GenerateKeyPairResult; readonly foreign: GenerateKeyPairResult };
  #nonce = "";

  private constructor(good: GenerateKeyPairResult, foreign: GenerateKeyPairResult) {
    this.#keys = { good, foreign };
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  static async start(): Promise<ForgingProvider> {
    const [good, foreign] = await Promise.all([generateKeyPair("ES256"), generateKeyPair("ES256")]);
    return new ForgingProvider(good, foreign);
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** What the browser comes back with. */
  returnFrom(authorizationUrl: string): string {
    const { searchParams } = new URL(authorizationUrl);
    this.#nonce = searchParams.get("nonce") ?? "";
    const answer = new URLSearchParams({ code: "code", state: searchParams.get("state") ?? "" });
    return `${searchParams.get("redirect_uri")}?${answer}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { issuer } = this;
    switch (new URL(request.url).pathname) {
      case "/.well-known/openid-configuration":
        return Response.json({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["ES256", "none"],
        });
      case "/jwks":
        return Response.json({
          keys: [{ ...await exportJWK(this.#keys.good.publicKey), alg: "ES256", use: "sig" }],
        });
      case "/token":
        return Response.json({
          access_token: "access",
          token_type: "Bearer",
          id_token: await this.#idToken(),
        });
      default:
        return new Response(null, { status: 404 });
    }
  }

  #idToken(): Promise<string> | string {
    const now = Math.floor(Date.now() / 1_000);
    const { forgery } = this;
    const claims: JWTPayload = {
      iss: forgery === "another issuer" ? "https://id.example" : this.issuer,
      aud: forgery === "another audience" ? "somebody else" : "forger",
      sub: "1",
      iat: now - 600,
      exp: forgery === "run out" ? now - 300 : now + 300,
      preferred_username: "forged",
      ...(forgery === "no nonce" ? {} : { nonce: this.#nonce }),
    };
    if (forgery === "no signature") return new UnsecuredJWT(claims).encode();
    const { privateKey } = this.#keys[forgery === "another key" ? "foreign" : "good"];
    return new SignJWT(claims).setProtectedHeader({ alg: "ES256" }).sign(privateKey);
  }
}
