import type { Feature } from "protocol/ai.ts";
import type { AiModel } from "protocol/ai_methods.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { CredentialStore } from "storage/ai_storage.ts";

/** Credentials change rarely, and a model that has just come may be seen a moment later. */
const FRESH_MS = 5_000;
/** Whoever names one that is not known has it looked for, but not more often than this. */
const MISSED_MS = 250;

/** What can be asked, by what the credentials are for. */
export class Catalogue {
  readonly #credentials: Pick<CredentialStore, "list">;
  readonly #clock: Clock;
  #known: { readonly at: number; readonly models: Promise<readonly AiModel[]> } | undefined;

  constructor(credentials: Pick<CredentialStore, "list">, clock: Clock) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** By feature, then by name. */
  list(): Promise<readonly AiModel[]> {
    return this.#within(FRESH_MS);
  }

  /**
   * The first one of the feature when no name is given; one that the operators brought goes before the built-in ones.
   * @throws {BarrageError} `not_found`.
   */
  async find(feature: Feature, model: string | undefined): Promise<AiModel> {
    const found = chosen(await this.list(), feature, model) ??
      chosen(await this.#within(MISSED_MS), feature, model);
    if (found !== undefined) return found;
    const what = model === undefined ? `No model for ${feature}` : `No model ${model} for ${feature}`;
    throw new BarrageError("not_found", what);
  }

  /** As it was so many milliseconds ago at most. */
  #within(ms: number): Promise<readonly AiModel[]> {
    const now = this.#clock.monotonic();
    if (this.#known !== undefined && now - this.#known.at < ms) return this.#known.models;
    const models = this.#read();
    const known = { at: now, models };
    this.#known = known;
    models.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return models;
  }

  async #read(): Promise<readonly AiModel[]> {
    const models = new Map<string, AiModel>();
    for (const { state, uses } of await this.#credentials.list()) {
      if (state !== "enabled") continue;
      for (const { feature, model, contextTokens } of uses) {
        const key = `${feature} ${model}`;
        const least = Math.min(contextTokens, models.get(key)?.contextTokens ?? Infinity);
        models.set(key, { feature, model, contextTokens: least });
      }
    }
    return [...models].sort(([a], [b]) => a < b ? -1 : 1).map(([, model]) => model);
  }
}

function chosen(models: readonly AiModel[], feature: Feature, name: string | undefined): AiModel | undefined {
  const all = models.filter((one) => one.feature === feature);
  if (name !== undefined) return all.find(({ model }) => model === name);
  return all.find(({ model }) => model !== "echo") ?? all[0];
}
