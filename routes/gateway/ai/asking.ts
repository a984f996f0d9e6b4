import { answerActor } from "actors/ai/answer/definition.ts";
import type { Catalogue } from "actors/ai/catalogue.ts";
import { threadActor } from "actors/ai/thread/definition.ts";
import type { CallOptions } from "actors/runtime/call.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { AiRequest, type Prompted } from "protocol/ai.ts";
import type { AskAi, AskedAi } from "protocol/ai_methods.ts";
import { invalidParams } from "protocol/issues.ts";
import type { SignedIn } from "../../verifier.ts";

export interface AskingParts {
  readonly node: ActorNode;
  readonly catalogue: Catalogue;
  readonly caller: SignedIn;
  readonly options: CallOptions;
  /** Whether the answer goes on though nobody reads it. @default Pictures and slides do. */
  readonly detached?: boolean;
}

/** Brings a question to its thread, or straight to an answer. */
export async function askFor(
  { node, catalogue, caller, options, detached }: AskingParts,
  params: AskAi,
): Promise<AskedAi> {
  const { feature, thread, text, regenerate } = params;
  const answer = params.id ?? node.ports.ids.next();
  if (thread !== undefined || regenerate === true) {
    const key = thread ?? node.ports.ids.next();
    const { seq: _seq, ...asked } = await node.ref(threadActor, key, caller).ask({
      answer,
      ...(params.model === undefined ? {} : { model: params.model }),
      ...(text === undefined ? {} : { text }),
      ...(params.options === undefined ? {} : { options: params.options }),
      ...madeFor(params),
      detached: detached ?? feature !== "text",
    }, options);
    return { ...asked, thread: key };
  }
  const { model } = await catalogue.find(feature, params.model);
  const request = requestOf(params);
  // Pictures and slides are worth waiting for with the page closed.
  const ask = { model, request, band: "normal", detached: detached ?? feature !== "text" } as const;
  return await node.ref(answerActor, answer, caller).ask(ask, options);
}

function requestOf({ feature, text = "", messages, options, width, height, pages }: AskAi): AiRequest {
  switch (feature) {
    case "text":
      return { feature, messages: messages ?? [{ role: "user", content: text }], options: options ?? {} };
    case "image":
      return parsed({ feature, prompt: text, width, height });
    case "slides":
      return parsed({ feature, prompt: text, pages });
  }
}

function madeFor(params: AskAi): { make?: Prompted } {
  const request = params.feature === "text" ? undefined : requestOf(params);
  return request === undefined || request.feature === "text" ? {} : { make: request };
}

/** Bounds of prompts differ by feature. */
function parsed(request: unknown): AiRequest {
  const { success, data, error } = AiRequest.safeParse(request);
  if (success) return data;
  throw invalidParams(error);
}
