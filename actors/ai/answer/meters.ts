import type { AiUsage } from "protocol/ai.ts";

/** Credentials come and go; those beyond so many are counted together. */
const CREDENTIALS_MAX = 2_000;
const OTHERS = "others";

/** What calls with one credential have come to. */
export interface CredentialCost {
  calls: number;
  promptTokens: number;
  completionTokens: number;
}

/** What the answers of a node have come to since its start. */
export class AnswerMeters {
  done = 0;
  failed = 0;
  cancelled = 0;
  /** Calls made again with another credential, before anything was shown. */
  repeated = 0;
  /** Streams that broke and were gone on with. */
  continued = 0;
  /** Questions over somebody's budget. */
  overBudget = 0;
  readonly #costs = new Map<string, CredentialCost>();

  /** By credential. */
  get costs(): ReadonlyMap<string, Readonly<CredentialCost>> {
    return this.#costs;
  }

  cost(credential: string, { promptTokens, completionTokens }: AiUsage): void {
    const full = this.#costs.size >= CREDENTIALS_MAX && !this.#costs.has(credential);
    const key = full ? OTHERS : credential;
    const sum = this.#costs.get(key) ?? { calls: 0, promptTokens: 0, completionTokens: 0 };
    sum.calls++;
    sum.promptTokens += promptTokens;
    sum.completionTokens += completionTokens;
    this.#costs.set(key, sum);
  }
}
