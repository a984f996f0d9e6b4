import type { Provider } from "actors/ai/provider.ts";
import { type EchoOptions, EchoProvider } from "./echo.ts";
import { OpenAiProvider } from "./openai.ts";
import { SlidesFromOutline } from "./slides.ts";
import { SparkProvider } from "./spark.ts";

/** What an operator has to know of a provider to add a credential. */
export type ProviderFacts = Pick<Provider, "name" | "features" | "secretFields" | "prefill">;

export interface Providers {
  named(name: string): Provider | undefined;
  /** In the order of a form. */
  list(): readonly ProviderFacts[];
}

export interface ProviderOptions {
  readonly echo?: Partial<EchoOptions>;
  /** Between two questions how far a slide deck is; only tests ask more often. */
  readonly sparkPollMs?: number;
}

export function openProviders(options: ProviderOptions = {}): Providers {
  const { echo, sparkPollMs } = options;
  const providers: readonly Provider[] = [
    new SlidesFromOutline(new OpenAiProvider()),
    new SlidesFromOutline(new OpenAiProvider({ name: "openai-prefill", prefill: true })),
    new SparkProvider(sparkPollMs === undefined ? {} : { pollMs: sparkPollMs }),
    new SlidesFromOutline(new EchoProvider(echo)),
  ];
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  return {
    named: (name) => byName.get(name),
    list: () =>
      providers.map(({ name, features, secretFields, prefill }) => ({
        name,
        features,
        secretFields,
        prefill,
      })),
  };
}
