import type { ActorNode } from "actors/runtime/node.ts";
import type { CredentialStore } from "storage/ai_storage.ts";
import type { Storage } from "storage/storage.ts";
import { answerFactory } from "./answer/answer.ts";
import { answerActor } from "./answer/definition.ts";
import type { AnswerLimits } from "./answer/limits.ts";
import { AnswerMeters } from "./answer/meters.ts";
import { Runs } from "./answer/runs.ts";
import { Catalogue } from "./catalogue.ts";
import { hostPools } from "./pool/host.ts";
import type { PoolLimits } from "./pool/limits.ts";
import type { PoolMeters } from "./pool/meter.ts";
import { makeProbe } from "./probing.ts";
import type { Provider } from "./provider.ts";
import { threadActor } from "./thread/definition.ts";
import { threadFactory } from "./thread/thread.ts";
import type { Vault } from "./vault.ts";

export interface AiGround {
  readonly storage: Pick<Storage, "aiPools" | "answers" | "aiFiles" | "threads">;
  /** All there are, those that are not stored included. */
  readonly credentials: Pick<CredentialStore, "list">;
  readonly vault: Vault;
  readonly providers: { named(name: string): Provider | undefined };
}

export interface AiLimits {
  readonly pool: PoolLimits;
  readonly answer: AnswerLimits;
}

/** What a node does for AI besides running its actors. */
export interface AiHost {
  /** To be disposed of once the node's shards are others'. */
  readonly runs: Runs;
  readonly meters: PoolMeters;
  readonly answerMeters: AnswerMeters;
  readonly catalogue: Catalogue;
}

/** Lets the node run pools and answers, and make their calls. */
export function hostAi(node: ActorNode, ground: AiGround, limits: AiLimits): AiHost {
  const { storage, credentials, vault, providers } = ground;
  const { clock, ids } = node.ports;
  const probe = makeProbe({ vault, providers, ids });
  const { aiPools: pools, answers, threads, aiFiles: files } = storage;
  const meters = hostPools(node, { pools, credentials, probe }, limits.pool);
  const runs = new Runs({
    ...{ clock, ids, vault, providers, files, limits: limits.answer },
    ref: (definition, key) => node.ref(definition, key),
    runner: () => node.ownership.holder,
  });
  const answerMeters = new AnswerMeters();
  node.host(
    answerActor,
    answerFactory({ answers, limits: limits.answer, meters: answerMeters, calls: runs }),
  );
  const catalogue = new Catalogue(credentials, clock);
  node.host(threadActor, threadFactory({ threads, answers, catalogue }));
  return { runs, meters, answerMeters, catalogue };
}
