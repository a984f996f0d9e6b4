import type { OpenCredential } from "./provider.ts";

/** Opens credentials for the node that makes a call. */
export interface Vault {
  /**
   * At once when it is open already.
   * @throws {BarrageError} `not_found`; `unavailable` when no master key opens it.
   */
  open(credential: string): OpenCredential | Promise<OpenCredential>;
}
