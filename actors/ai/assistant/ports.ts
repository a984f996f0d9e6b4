import type { AssistantRecord } from "storage/conversation_storage.ts";
import type { SetAssistant } from "protocol/assistants.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Catalogue } from "../catalogue.ts";
import { type AssistantLimits, DEFAULT_ASSISTANT_LIMITS } from "./limits.ts";
import { AssistantMeters } from "./meters.ts";

export interface AssistantPorts {
  readonly catalogue: Pick<Catalogue, "find">;
  /** Whether AI is switched on at all. */
  readonly enabled: boolean;
  readonly limits: AssistantLimits;
  readonly meters: AssistantMeters;
}

/** Where there is no AI. */
export function withoutAssistants(): AssistantPorts {
  return {
    catalogue: { find: () => Promise.reject(new BarrageError("not_found", "No model")) },
    enabled: false,
    limits: DEFAULT_ASSISTANT_LIMITS,
    meters: new AssistantMeters(),
  };
}

/**
 * The assistant as it is to be from now on; it stays the one it was.
 * @throws {BarrageError} `conflict` where AI is off, `invalid_params` for a model that is not there.
 */
export async function assistantOf(
  { name, model, instructions, enabled }: SetAssistant,
  before: AssistantRecord | undefined,
  ports: AssistantPorts,
  nextId: () => string,
): Promise<AssistantRecord> {
  if (!ports.enabled) {
    throw new BarrageError("conflict", "AI is switched off on this server: no assistant can be set");
  }
  try {
    const found = await ports.catalogue.find("text", model);
    return { id: before?.id ?? nextId(), name, model: found.model, instructions, enabled };
  } catch (error) {
    if (!(error instanceof BarrageError) || error.reason !== "not_found") throw error;
    throw new BarrageError("invalid_params", `${error.message}: the assistant needs another one`, {
      path: "params.assistant.model",
    });
  }
}

export function sameAssistant(one: AssistantRecord | undefined, other: AssistantRecord): boolean {
  return one !== undefined && JSON.stringify(one) === JSON.stringify(other);
}

/** What it is told is the affair of owner and admins. */
export function shownTo({ id, name, model, enabled, instructions }: AssistantRecord, chief = false) {
  return { id, name, model, enabled, ...(chief ? { instructions } : {}) };
}
