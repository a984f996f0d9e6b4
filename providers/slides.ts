import type { AiRequest, FinishReason } from "protocol/ai.ts";
import { type Provider, type UpstreamCall, type UpstreamEvent, UpstreamFault } from "actors/ai/provider.ts";
import { renderDeck } from "./deck.ts";
import { deck } from "./file.ts";
import { OUTLINE_CHARS_MAX, outlineMessages, parseOutline } from "./outline.ts";

/** About what an outline of a page comes to. */
const CHARS_OF_PAGE = 350;
/** Of the work, the model's part. */
const WRITTEN_PERCENT = 90;

type Slides = Extract<AiRequest, { feature: "slides" }>;

/** Slides for a provider that has only text: one call for an outline, which is rendered here. */
export class SlidesFromOutline implements Provider {
  readonly name: string;
  readonly features: Provider["features"];
  readonly secretFields: Provider["secretFields"];
  readonly prefill: boolean;
  readonly #writer: Provider;

  constructor(writer: Provider) {
    this.#writer = writer;
    this.name = writer.name;
    this.features = [...writer.features, "slides"];
    this.secretFields = writer.secretFields;
    this.prefill = writer.prefill;
  }

  call(call: UpstreamCall, signal: AbortSignal): AsyncIterable<UpstreamEvent> {
    return call.request.feature === "slides"
      ? this.#slides(call, call.request, signal)
      : this.#writer.call(call, signal);
  }

  async *#slides(call: UpstreamCall, request: Slides, signal: AbortSignal): AsyncGenerator<UpstreamEvent> {
    const { credential, upstreamModel, uid } = call;
    const asked = { feature: "text", messages: outlineMessages(request), options: { json: true } } as const;
    let outline = "";
    let told = 0;
    let reason: FinishReason | undefined;
    const written = this.#writer.call({ credential, upstreamModel, uid, request: asked }, signal);
    for await (const event of written) {
      switch (event.kind) {
        case "text": {
          outline += event.text;
          if (outline.length > OUTLINE_CHARS_MAX) {
            throw new UpstreamFault(
              "malformed",
              `The outline is longer than ${OUTLINE_CHARS_MAX} characters`,
            );
          }
          const part = Math.min(1, outline.length / (CHARS_OF_PAGE * request.pages));
          const percent = Math.floor(part * WRITTEN_PERCENT);
          if (percent >= told + 5) yield { kind: "progress", percent: told = percent };
          break;
        }
        case "started":
        case "usage":
          yield event;
          break;
        case "end":
          reason = event.reason;
          break;
        case "unshown":
        case "progress":
        case "job":
        case "file":
          break;
      }
    }
    if (reason === "content_filter") {
      throw new UpstreamFault("moderation", "The outline was stopped by moderation");
    }
    yield deck(await renderDeck(parseOutline(outline)));
    signal.throwIfAborted();
    yield { kind: "end", reason: "stop" };
  }
}
