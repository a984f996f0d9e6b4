export interface SparkModel {
  readonly path: string;
  readonly domain: string;
  /** Knows messages of the system; others get them as the user's. */
  readonly system: boolean;
}

const MODELS: readonly (SparkModel & { readonly names: readonly string[] })[] = [
  { names: ["4.0Ultra", "ultra"], path: "/v4.0/chat", domain: "4.0Ultra", system: true },
  { names: ["max-32k"], path: "/chat/max-32k", domain: "max-32k", system: true },
  { names: ["generalv3.5", "max"], path: "/v3.5/chat", domain: "generalv3.5", system: true },
  { names: ["pro-128k"], path: "/chat/pro-128k", domain: "pro-128k", system: false },
  { names: ["generalv3", "pro"], path: "/v3.1/chat", domain: "generalv3", system: false },
  { names: ["lite"], path: "/v1.1/chat", domain: "lite", system: false },
  { names: ["spark-x", "x1", "x1.5"], path: "/v1/x1", domain: "spark-x", system: true },
];
const BY_NAME = new Map(
  MODELS.flatMap((model) => model.names.map((name) => [name.toLowerCase(), model] as const)),
);

/** By its domain, or by how it is commonly called. */
export function sparkModel(name: string): SparkModel | undefined {
  return BY_NAME.get(name.toLowerCase());
}
