import type { AiRequest, Feature } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Outcome } from "./pool/definition.ts";
import type { Probe } from "./pool/probes.ts";
import { type FaultKind, type Provider, UpstreamFault } from "./provider.ts";
import type { Vault } from "./vault.ts";

export interface ProbingParts {
  readonly vault: Vault;
  readonly providers: { named(name: string): Provider | undefined };
  readonly ids: { next(): string };
}

/** Some of the cheapest calls there are; what comes of them is thrown away. */
const CHEAPEST: Readonly<Record<Feature, AiRequest>> = {
  text: { feature: "text", messages: [{ role: "user", content: "Say: ok" }], options: { maxTokens: 1 } },
  image: { feature: "image", prompt: "a dot", width: 512, height: 512 },
  slides: { feature: "slides", prompt: "one word", pages: 1 },
};

/** Tries one use of a credential; the call is over, terminal mark and all, when it resolves. */
export function makeProbe({ vault, providers, ids }: ProbingParts): Probe {
  return async ({ credential: id, feature, upstreamModel }, signal) => {
    try {
      const credential = await vault.open(id);
      const provider = providers.named(credential.provider);
      if (provider === undefined) return fault("forbidden", "provider");
      const call = { credential, upstreamModel, request: CHEAPEST[feature], uid: ids.next() };
      let ended = false;
      for await (const { kind } of provider.call(call, signal)) ended ||= kind === "end";
      return ended ? { kind: "done" } : fault("cut");
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof UpstreamFault) {
        const { kind, details: { code, retryAfterMs, providerWide } } = error;
        return {
          ...fault(kind, code),
          ...(retryAfterMs !== undefined && { retryAfterMs }),
          ...(providerWide !== undefined && { providerWide }),
        };
      }
      if (error instanceof BarrageError && error.reason === "not_found") return fault("forbidden", "gone");
      // A credential that no master key opens works nowhere; whatever else it was may pass.
      if (error instanceof BarrageError && error.reason === "unavailable") {
        return fault("transient", "sealed");
      }
      throw error;
    }
  };
}

function fault(kind: FaultKind, code?: string): Extract<Outcome, { kind: "fault" }> {
  return { kind: "fault", fault: kind, ...(code !== undefined && { code: code.slice(0, 64) }) };
}
