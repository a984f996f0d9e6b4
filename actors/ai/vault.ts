import type { OpenCredential } from "./provider.ts";

/** Opens credentials for the node that makes a call. */
export interface Vault {
  /** @throws {BarrageError} `not_found`; `unavailable` when no master key opens it. */
  open(credential: string): Promise<OpenCredential>;
}
