import { type Kysely, sql, type SqlBool } from "kysely";
import type { LeaseRecord, PoolStore, StoredPool, UseState, WaitingRecord } from "./ai_storage.ts";
import type { AnswerRow, LeaseRow, PoolUseStateRow } from "./ai_schema.ts";
import { compiledOnce } from "./compiled.ts";
import type { Engine } from "./engine.ts";
import { FencedError, type Write } from "./lane.ts";
import type { Database } from "./schema.ts";
import { toWrite } from "./writes.ts";

const WAITING_COLUMNS = [
  "id",
  "user_id",
  "band",
  "attempt",
  "exclude",
  "job_credential",
  "job",
  "digest",
  "until",
] as const;

// In full, for an index of such rows is found by what the statement says.
const WAITING = sql<SqlBool>`state = 'waiting'`;

/** What pools have lent and learned. Who waits for them is written in the answers. */
export class Pools implements PoolStore {
  readonly #engine: Engine;
  readonly #db: Kysely<Database>;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#db = engine.db;
  }

  async acquire(key: string, epoch: number, limit: number): Promise<StoredPool> {
    const raised = await this.#db.insertInto("pool").values({ id: key, owner_epoch: epoch, resting: 1 })
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet({ owner_epoch: epoch }).where("pool.owner_epoch", "<=", epoch)
      )
      .returning("resting").executeTakeFirst();
    if (raised === undefined) throw new FencedError({ noun: "pool", id: key, epoch });
    const [leases, states, waiting] = await Promise.all([
      this.#db.selectFrom("lease").selectAll().where("pool_id", "=", key).orderBy("id").execute(),
      this.#db.selectFrom("pool_use_state").selectAll().where("pool_id", "=", key)
        .orderBy("credential_id").execute(),
      this.#db.selectFrom("answer").select(WAITING_COLUMNS)
        .where("pool_id", "=", key).where(WAITING)
        .orderBy("id").limit(limit).execute(),
    ]);
    return {
      resting: raised.resting === 1,
      leases: leases.map(toLease),
      states: states.map(toState),
      waiting: waiting.map(toWaiting),
    };
  }

  lend(key: string, leases: readonly LeaseRecord[]): Write {
    return toWrite({ kind: "insert", table: "lease", rows: leases.map((lease) => toRow(key, lease)) });
  }

  run(_key: string, lease: string, { id, epoch }: NonNullable<LeaseRecord["runner"]>): Write {
    return toWrite({ kind: "patch", table: "lease", id: lease, set: { runner_id: id, runner_epoch: epoch } });
  }

  giveBack(key: string, leases: readonly string[]): Write {
    const engine = this.#engine;
    return toWrite({
      kind: "run",
      tables: ["lease"],
      async run(trx) {
        const ofPool = trx.deleteFrom("lease").where("pool_id", "=", key);
        const [id] = leases;
        const one = () => ofPool.where("id", "=", id!).compile();
        if (leases.length === 1) {
          await trx.executeQuery(compiledOnce(engine, "lease given back", one, [key, id]));
        } else await ofPool.where(engine.isOneOf("id", leases)).execute();
      },
    });
  }

  rest(key: string, resting: boolean): Write {
    return toWrite({ kind: "patch", table: "pool", id: key, set: { resting: resting ? 1 : 0 } });
  }

  remember(key: string, { credential, state, until, learned, why }: UseState): Write {
    const learnt = { state, until: until ?? null, learned, why: why ?? null };
    return toWrite({
      kind: "run",
      tables: ["pool_use_state"],
      async run(trx) {
        await trx.insertInto("pool_use_state").values({ pool_id: key, credential_id: credential, ...learnt })
          .onConflict((conflict) => conflict.columns(["pool_id", "credential_id"]).doUpdateSet(learnt))
          .execute();
      },
    });
  }

  forget(key: string, credential: string): Write {
    return toWrite({
      kind: "run",
      tables: ["pool_use_state"],
      async run(trx) {
        await trx.deleteFrom("pool_use_state")
          .where("pool_id", "=", key).where("credential_id", "=", credential).execute();
      },
    });
  }
}

function toRow(key: string, lease: LeaseRecord): LeaseRow {
  return {
    id: lease.id,
    pool_id: key,
    credential_id: lease.credential,
    answer_id: lease.answer,
    user_id: lease.user,
    attempt: lease.attempt,
    digest: lease.digest ?? null,
    granted_at: lease.grantedAt,
    runner_id: lease.runner?.id ?? null,
    runner_epoch: lease.runner?.epoch ?? null,
  };
}

function toLease(row: LeaseRow): LeaseRecord {
  return {
    id: row.id,
    credential: row.credential_id,
    answer: row.answer_id,
    user: row.user_id,
    attempt: row.attempt,
    ...(row.digest !== null && { digest: row.digest }),
    grantedAt: row.granted_at,
    ...(row.runner_id !== null && row.runner_epoch !== null &&
      { runner: { id: row.runner_id, epoch: row.runner_epoch } }),
  };
}

function toState({ credential_id: credential, state, until, learned, why }: PoolUseStateRow): UseState {
  return {
    ...{ credential, state, learned },
    ...(until !== null && { until }),
    ...(why !== null && { why }),
  };
}

function toWaiting(row: Pick<AnswerRow, typeof WAITING_COLUMNS[number]>): WaitingRecord {
  const { band, attempt, until } = row;
  return {
    answer: row.id,
    user: row.user_id,
    ...{ band, attempt, until },
    exclude: JSON.parse(row.exclude) as string[],
    // An empty job was given up.
    ...(row.job_credential !== null && row.job !== "" && { sticky: row.job_credential }),
    ...(row.digest !== null && { digest: row.digest }),
  };
}
