import { getLogger } from "@logtape/logtape";
import { LRUCache } from "lru-cache";
import type { Configuration } from "openid-client";
import { BarrageError } from "protocol/errors.ts";
import type { Claims } from "./claims.ts";
import type { FlowSecrets } from "./flows.ts";
import {
  askForNames,
  authorizationUrl,
  discover,
  type Identified,
  redeem,
  type Return,
} from "./provider_client.ts";
import { describeError, providerError } from "./provider_errors.ts";
import type { ProviderSettings } from "./provider_file.ts";

const log = getLogger(["barrage", "oidc"]);

/** Providers change their endpoints rarely; the keys are looked at again whenever one is unknown. */
const METADATA_MS = 3_600_000;

/**
 * The providers of the configuration. What one says of itself is asked for when somebody first wants to go there: a
 * provider that is down stops no start, and is asked again by whoever comes next. While it cannot be asked again, what it
 * said before holds on.
 */
export class OidcProviders {
  readonly #settings: ReadonlyMap<string, ProviderSettings>;
  readonly #discovered: LRUCache<string, Configuration>;

  /** @param timeoutMs Of every request to a provider. */
  constructor(settings: readonly ProviderSettings[], timeoutMs: number, monotonic: () => number) {
    this.#settings = new Map(settings.map((provider) => [provider.id, provider]));
    this.#discovered = new LRUCache<string, Configuration>({
      max: Math.max(settings.length, 1),
      ttl: METADATA_MS,
      perf: { now: monotonic },
      allowStaleOnFetchRejection: true,
      fetchMethod: (id) => this.#discover(id, timeoutMs),
    });
  }

  get list(): { id: string; name: string }[] {
    return [...this.#settings.values()].map(({ id, name }) => ({ id, name }));
  }

  /** @throws {BarrageError} `not_found` when there is no such provider. */
  require(id: string): void {
    this.#of(id);
  }

  /** @throws {BarrageError} `not_found`, `unavailable`. */
  authorizationUrl(id: string, redirectUri: string, secrets: FlowSecrets, fresh: boolean): Promise<URL> {
    return this.#with(
      id,
      (provider) => authorizationUrl(provider, this.#of(id), redirectUri, secrets, fresh),
    );
  }

  /** @throws {BarrageError} `unauthenticated`, `forbidden` when the provider refuses, `unavailable`. */
  redeem(id: string, back: Return): Promise<Identified> {
    return this.#with(id, (provider) => redeem(provider, back));
  }

  /** What to call somebody new; without that one can go on. */
  async namesOf(id: string, identified: Identified): Promise<Claims> {
    try {
      return await this.#with(id, (provider) => askForNames(provider, identified));
    } catch (error) {
      if (error instanceof BarrageError && error.reason !== "internal") return identified.proven;
      throw error;
    }
  }

  async #with<T>(id: string, use: (provider: Configuration) => Promise<T>): Promise<T> {
    const provider = await this.#discovered.fetch(id);
    if (provider === undefined) throw new BarrageError("unavailable", "Cannot reach the provider");
    try {
      return await use(provider);
    } catch (error) {
      if (error instanceof BarrageError) throw error;
      log.warn("Cannot sign anybody in with {id}: {why}", { id, why: describeError(error) });
      throw providerError(error);
    }
  }

  /** The cache keeps failures to itself. */
  async #discover(id: string, timeoutMs: number): Promise<Configuration> {
    try {
      return await discover(this.#of(id), timeoutMs);
    } catch (error) {
      log.warn("Cannot learn the endpoints of {id}: {why}", { id, why: describeError(error) });
      throw error;
    }
  }

  #of(id: string): ProviderSettings {
    const settings = this.#settings.get(id);
    if (settings === undefined) throw new BarrageError("not_found", "No such provider");
    return settings;
  }
}
