import type { z } from "zod";
import type { NewApiKey, Scope } from "protocol/api_keys.ts";
import { HttpClient } from "./http_client.ts";
import { type Server, type ServerEnv, startServer } from "./server.ts";
import { Upstream, type UpstreamOptions } from "./upstream/upstream.ts";

export const MODEL = "gpt-4o";
export const PAINTER = "painter";

export interface AiServerOptions extends UpstreamOptions {
  readonly env?: ServerEnv;
  /** @default {2} */
  readonly credentials?: number;
  /** @default {50} */
  readonly inFlight?: number;
}

/** The real server before a simulated provider, with keys for a text model and one for pictures. */
export class AiServer implements AsyncDisposable {
  private constructor(
    readonly server: Server,
    readonly upstream: Upstream,
    readonly operator: HttpClient,
  ) {}

  static async start(options: AiServerOptions = {}): Promise<AiServer> {
    const { env, credentials = 2, inFlight = 50, ...rest } = options;
    const upstream = new Upstream({ tokens: 20, tokenMs: 0, ...rest });
    const server = await startServer({ AI_ABORT_SETTLE_MS: 50, AI_IDLE_SECONDS: 2, ...env });
    const key = (await Deno.readTextFile(`${server.dataDir}/operator_key`)).trim();
    const site = new AiServer(server, upstream, new HttpClient(server.url, key));
    for (let n = 1; n <= credentials; n++) await site.#addKey(n, inFlight);
    return site;
  }

  /** A new API key. */
  async key(...scopes: Scope[]): Promise<string> {
    const { status, body } = await this.operator.post<z.infer<typeof NewApiKey>>("/v1/api-keys", {
      ...{ name: "Program", scopes },
    });
    if (status !== 201) throw new Error(`Cannot make a key: ${JSON.stringify(body)}`);
    return body.key;
  }

  async program(...scopes: Scope[]): Promise<HttpClient> {
    return new HttpClient(this.server.url, await this.key(...scopes));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.upstream[Symbol.asyncDispose]();
  }

  async #addKey(n: number, inFlight: number): Promise<void> {
    const limits = { startsPerSecond: 50, inFlight };
    const made = this.upstream.credential({ id: `key-${n}`, protocol: "openai", limits });
    const use = { inFlightMax: inFlight, startsPerSecond: 50 };
    const { status, body } = await this.operator.post("/v1/ai/keys", {
      ...{ provider: "openai", label: `Key ${n}`, secret: made.secret, baseUrl: made.baseUrl },
      uses: [{ ...use, feature: "text", model: MODEL }, { ...use, feature: "image", model: PAINTER }],
    });
    if (status !== 201) throw new Error(`Cannot keep a provider's key: ${JSON.stringify(body)}`);
  }
}
