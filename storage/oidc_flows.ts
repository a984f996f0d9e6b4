import { sql } from "kysely";
import type { OidcFlow, OidcFlowStore } from "./account_storage.ts";
import type { Engine } from "./engine.ts";
import type { OidcFlowRow } from "./schema.ts";
import { sweepOld } from "./sweep.ts";

export class OidcFlows implements OidcFlowStore {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async put(flow: OidcFlow): Promise<void> {
    await this.#engine.db.insertInto("oidc_flow").values(toRow(flow)).execute();
  }

  async take(stateHash: string, now: number): Promise<OidcFlow | undefined> {
    const row = await this.#engine.db.deleteFrom("oidc_flow").where("state_hash", "=", stateHash)
      .returningAll().executeTakeFirst();
    return row && row.expires_at > now ? toFlow(row) : undefined;
  }

  sweep(now: number, limit: number): Promise<number> {
    return sweepOld(this.#engine, "oidc_flow", ["state_hash"], sql`expires_at <= ${now}`, limit);
  }
}

function toRow(flow: OidcFlow): OidcFlowRow {
  return {
    state_hash: flow.stateHash,
    provider: flow.provider,
    browser_hash: flow.browserHash,
    purpose: JSON.stringify(flow.purpose),
    return_to: flow.returnTo,
    started_at: flow.startedAt,
    expires_at: flow.expiresAt,
  };
}

function toFlow(row: OidcFlowRow): OidcFlow {
  return {
    stateHash: row.state_hash,
    provider: row.provider,
    browserHash: row.browser_hash,
    purpose: JSON.parse(row.purpose),
    returnTo: row.return_to,
    startedAt: row.started_at,
    expiresAt: row.expires_at,
  };
}
