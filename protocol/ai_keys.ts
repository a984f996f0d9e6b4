import { z } from "zod";
import { Feature, ModelName } from "./ai.ts";
import { Ulid } from "./ids.ts";
import { DisplayName } from "./users.ts";

const USES_MAX = 32;
const FIELDS_MAX = 8;

/** Where a provider is asked. Neither a password nor a query, which would be shown. */
export const BaseUrl = z.url({ protocol: /^https?$/, error: "must be https://HOST/PATH, or http://" }).max(
  2_048,
)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { username, password, search, hash } = new URL(text);
    return username + password + search + hash === "";
  }, "must be an address without user, password, query or fragment");

/** One feature and model that a key may be used for, with the limits its provider sets for that. */
export const AiUse = z.strictObject({
  feature: Feature,
  model: ModelName,
  /** The provider's own name of the model. @default the model's */
  upstreamModel: z.string().min(1).max(256).optional(),
  inFlightMax: z.int().min(1).max(10_000).default(2),
  startsPerSecond: z.int().min(1).max(10_000).default(2),
  /** Tokens of prompt and answer together. */
  contextTokens: z.int().min(256).max(100_000_000).default(128_000),
}).transform((use) => ({ ...use, upstreamModel: use.upstreamModel ?? use.model }));

const Uses = z.array(AiUse).min(1).max(USES_MAX).refine(
  (uses) => new Set(uses.map(({ feature, model }) => `${feature} ${model}`)).size === uses.length,
  "must not name a feature and model twice",
);

/** By field, as the provider wants it; goes in and never comes out. */
export const AiSecret = z.record(z.string().min(1).max(64), z.string().min(1).max(4_096)).refine(
  (secret) => Object.keys(secret).length <= FIELDS_MAX,
  `must have at most ${FIELDS_MAX} fields`,
);

export const CreateAiKey = z.strictObject({
  provider: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be the name of a provider"),
  label: DisplayName,
  baseUrl: BaseUrl.optional(),
  secret: AiSecret.default({}),
  uses: Uses,
});

/** What may be changed without giving the secret again. */
export const ChangeAiKey = z.strictObject({
  label: DisplayName.optional(),
  uses: Uses.optional(),
  state: z.enum(["enabled", "disabled"]).optional(),
});

/** Where a secret is sent changes only together with the secret. An empty `baseUrl` is the provider's usual address. */
export const RotateAiKey = z.strictObject({
  secret: AiSecret,
  baseUrl: z.union([BaseUrl, z.literal("")]).optional(),
});

export const AiKey = z.object({
  id: Ulid,
  provider: z.string(),
  label: z.string(),
  baseUrl: z.string().optional(),
  uses: z.array(z.object({
    feature: Feature,
    model: ModelName,
    upstreamModel: z.string(),
    inFlightMax: z.int(),
    startsPerSecond: z.int(),
    contextTokens: z.int(),
  })),
  state: z.enum(["enabled", "disabled"]),
  /** It comes with the server and cannot be changed. */
  builtIn: z.boolean(),
  /** Of the master key it is sealed with; 0 when it has no secret. */
  keyVersion: z.int(),
  createdAt: z.int(),
  changedAt: z.int(),
});
export type AiKey = z.infer<typeof AiKey>;

export const AiKeys = z.object({ keys: z.array(AiKey) });

/** Without either, the first use is tried. */
export const TestAiKey = z.strictObject({ feature: Feature.optional(), model: ModelName.optional() });

export const AiKeyTested = z.object({
  ok: z.boolean(),
  feature: Feature,
  model: ModelName,
  /** What went wrong, as pools class it, and the provider's own code. */
  fault: z.string().optional(),
  code: z.string().optional(),
});
export type AiKeyTested = z.infer<typeof AiKeyTested>;

export const AiProviders = z.object({
  providers: z.array(z.object({
    name: z.string(),
    features: z.array(Feature),
    /** What its secret is made of. */
    secretFields: z.array(z.string()),
  })),
});

export const ResealAiKeys = z.strictObject({
  after: Ulid.optional(),
  limit: z.int().min(1).max(1_000).default(100),
});

/** How far keys have been sealed with the newest master key. */
export const AiKeysResealed = z.object({
  /** Where to go on; missing when everything is done. */
  next: Ulid.optional(),
  looked: z.int(),
  resealed: z.int(),
});

export const AiUsageSums = z.object({
  from: z.int(),
  to: z.int(),
  usage: z.array(z.object({
    key: Ulid,
    /** Missing when the key has been removed. */
    label: z.string().optional(),
    feature: Feature,
    model: z.string(),
    attempts: z.int(),
    promptTokens: z.int(),
    completionTokens: z.int(),
  })),
  attempts: z.int(),
  promptTokens: z.int(),
  completionTokens: z.int(),
});
export type AiUsageSums = z.infer<typeof AiUsageSums>;
