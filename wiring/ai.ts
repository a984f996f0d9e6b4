import { budgetFactory } from "actors/ai/budget/budget.ts";
import { budgetActor } from "actors/ai/budget/definition.ts";
import { DEFAULT_BUDGET_LIMITS } from "actors/ai/budget/limits.ts";
import { type AnswerLimits, DEFAULT_ANSWER_LIMITS } from "actors/ai/answer/limits.ts";
import { DEFAULT_ASSISTANT_LIMITS } from "actors/ai/assistant/limits.ts";
import { AssistantMeters } from "actors/ai/assistant/meters.ts";
import type { AssistantPorts } from "actors/ai/assistant/ports.ts";
import { Catalogue } from "actors/ai/catalogue.ts";
import { hostAi } from "actors/ai/host.ts";
import { DEFAULT_POOL_LIMITS, type PoolLimits } from "actors/ai/pool/limits.ts";
import { CredentialVault } from "actors/ai/credential_vault.ts";
import type { Bus } from "actors/bus/bus.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import type { Config } from "config";
import { openProviders } from "../providers/registry.ts";
import { loadSecretSeals } from "storage/ai_keys.ts";
import { withEcho } from "storage/echo_credentials.ts";
import type { CredentialStore } from "storage/ai_storage.ts";
import type { Storage } from "storage/storage.ts";

export interface AiGround {
  readonly node: ActorNode;
  readonly storage: Storage;
  readonly bus: Bus;
  readonly clock: Clock;
}

export type Ai = Awaited<ReturnType<typeof openAi>>;

/** What answers are made with: providers, the keys to them and the pools of these, and budgets. */
export async function openAi(
  { server, stores, ai }: Config,
  { node, storage, bus, clock }: AiGround,
  owned: AsyncDisposableStack,
) {
  const seals = await loadSecretSeals({
    given: ai.keys,
    directory: server.dataDir,
    make: stores.database.kind === "sqlite",
    credentials: storage.credentials,
  });
  const credentials = credentialsOf(ai, storage);
  const vault = owned.use(new CredentialVault({ credentials, seals, bus, clock }));
  await vault.ready;
  const { requestsPerDay, tokensPerDay, answerMaxSeconds } = ai;
  node.host(
    budgetActor,
    budgetFactory({
      usage: storage.aiUsage,
      limits: {
        ...DEFAULT_BUDGET_LIMITS,
        ...{ requestsPerDay, tokensPerDay },
        heldMs: answerMaxSeconds * 1_000 + DEFAULT_BUDGET_LIMITS.heldMs,
      },
    }),
  );
  const providers = openProviders();
  const ground = { storage, credentials: offered(ai, storage), vault, providers };
  const hosted = hostAi(node, ground, { pool: poolLimits(ai), answer: answerLimits(ai) });
  return { credentials, seals, vault, providers, ...hosted };
}

/** What groups and rooms need for theirs. */
export function openAssistants({ ai }: Config, storage: Storage, clock: Clock): AssistantPorts {
  return {
    catalogue: new Catalogue(offered(ai, storage), clock),
    enabled: ai.enabled,
    limits: {
      ...DEFAULT_ASSISTANT_LIMITS,
      questionsMax: ai.assistantQuestionsMax,
      perUserMax: ai.assistantPerUserMax,
    },
    meters: new AssistantMeters(),
  };
}

function credentialsOf({ echo }: Config["ai"], storage: Storage) {
  return echo ? withEcho(storage.credentials) : storage.credentials;
}

/** Keys may be kept while nothing can be asked: then there are no models. */
function offered(ai: Config["ai"], storage: Storage): Pick<CredentialStore, "list"> {
  return ai.enabled ? credentialsOf(ai, storage) : { list: () => Promise.resolve([]) };
}

function poolLimits(
  { queueMax, perUserMax, leaseTermSeconds, startMarginMs, abortSettleMs }: Config["ai"],
): PoolLimits {
  return {
    ...DEFAULT_POOL_LIMITS,
    ...{ queueMax, perUserMax, startMarginMs, abortSettleMs },
    termMs: leaseTermSeconds * 1_000,
  };
}

function answerLimits(ai: Config["ai"]): AnswerLimits {
  return {
    ...DEFAULT_ANSWER_LIMITS,
    waitMaxMs: ai.waitMaxSeconds * 1_000,
    totalMaxMs: ai.answerMaxSeconds * 1_000,
    firstTokenMs: ai.firstTokenSeconds * 1_000,
    idleMs: ai.idleSeconds * 1_000,
    abortSettleMs: ai.abortSettleMs,
    checkpointMs: ai.checkpointMs,
    graceMs: ai.graceSeconds * 1_000,
    failuresMax: ai.attemptsMax,
    continues: ai.continues,
    continueMax: ai.continueMax,
    holdBack: ai.holdBack,
    guests: ai.guests,
    budgeted: ai.requestsPerDay > 0 || ai.tokensPerDay > 0,
  };
}
