import { CHEAP } from "tests/support/cookie_client.ts";
import { OidcProvider, type ProviderOptions } from "tests/support/oidc_provider.ts";
import { Traveller } from "tests/support/oidc_traveller.ts";
import { Server, type ServerEnv } from "tests/support/server.ts";

/** The real server, and real providers to sign in with. */
export class OidcSite implements AsyncDisposable {
  readonly server: Server;
  readonly providers: readonly OidcProvider[];

  private constructor(server: Server, providers: readonly OidcProvider[]) {
    this.server = server;
    this.providers = providers;
  }

  static async start(options: readonly ProviderOptions[], env: ServerEnv = {}): Promise<OidcSite> {
    const providers = await Promise.all(options.map((option) => OidcProvider.start(option)));
    const dataDir = await Deno.makeTempDir({ prefix: "barrage-test-" });
    const settings = providers.map(({ settings }) => settings);
    await Deno.writeTextFile(`${dataDir}/oidc.json`, JSON.stringify(settings), { mode: 0o600 });
    const many = { ACCOUNTS_PER_MINUTE: 10_000, LOGINS_PER_MINUTE: 10_000 };
    const server = new Server({ ...CHEAP, ...many, ...env }, dataDir);
    await server.start();
    return new OidcSite(server, providers);
  }

  get url(): string {
    return this.server.url;
  }

  browser(): Traveller {
    return new Traveller(this.url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    for (const provider of this.providers) await provider[Symbol.asyncDispose]();
  }
}
