import { ok } from "node:assert/strict";
import type { AiRequest } from "protocol/ai.ts";
import {
  type FaultKind,
  type OpenCredential,
  type Provider,
  type UpstreamCall,
  type UpstreamEvent,
  UpstreamFault,
} from "actors/ai/provider.ts";

export const PROMPT = "Tell me of the river behind my grandmother's house";
export const TEXT: AiRequest = {
  feature: "text",
  messages: [{ role: "user", content: PROMPT }],
  options: {},
};
export const IMAGE: AiRequest = { feature: "image", prompt: PROMPT, width: 1_024, height: 1_024 };
export const SLIDES: AiRequest = { feature: "slides", prompt: PROMPT, pages: 4 };

/** What became of a call: what it yielded, and what it threw. */
export interface Attempt {
  readonly events: readonly UpstreamEvent[];
  readonly text: string;
  readonly fault?: UpstreamFault;
  /** Thrown, and no fault. */
  readonly thrown?: unknown;
}

let uids = 0;

export function callOf(credential: OpenCredential, more: Partial<UpstreamCall> = {}): UpstreamCall {
  const upstreamModel = credential.provider === "spark" ? "generalv3.5" : "gpt-4o";
  return { credential, upstreamModel, request: TEXT, uid: `uid${++uids}`, ...more };
}

/** Makes the call to its end. Whatever it throws is searched for what must not be in it. */
export async function attempt(
  provider: Provider,
  call: UpstreamCall,
  signal: AbortSignal = new AbortController().signal,
  onEvent: (event: UpstreamEvent) => void = () => {},
): Promise<Attempt> {
  const events: UpstreamEvent[] = [];
  const text = () => events.map((event) => event.kind === "text" ? event.text : "").join("");
  try {
    for await (const event of provider.call(call, signal)) {
      events.push(event);
      onEvent(event);
    }
    return { events, text: text() };
  } catch (error) {
    if (!(error instanceof UpstreamFault)) return { events, text: text(), thrown: error };
    tellsNothing(error, call);
    return { events, text: text(), fault: error };
  }
}

/** The kinds of its events in order, a run of texts as one. */
export function shape({ events, fault }: Attempt): string {
  const kinds: string[] = [];
  for (const { kind } of events) if (kind !== "text" || kinds.at(-1) !== "text") kinds.push(kind);
  return [...kinds, ...(fault === undefined ? [] : [`!${fault.kind}`])].join(" ");
}

export function kindOf({ fault }: Attempt): FaultKind | "none" {
  return fault?.kind ?? "none";
}

function tellsNothing(fault: UpstreamFault, { credential, request }: UpstreamCall): void {
  const told = Deno.inspect(fault, { depth: 10 }) + JSON.stringify(fault.details) + fault.stack;
  const asked = request.feature === "text"
    ? request.messages.map(({ content }) => content)
    : [request.prompt];
  const hidden = [...Object.values(credential.secret), ...asked, "authorization=", "api_key=", "signature="];
  for (const each of hidden) ok(!told.includes(each), `the fault tells ${each}: ${told}`);
}
