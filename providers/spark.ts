import type { Provider, UpstreamCall, UpstreamEvent } from "actors/ai/provider.ts";
import { sparkChat } from "./spark_chat.ts";
import { sparkImage } from "./spark_image.ts";
import { POLL_MS, sparkSlides } from "./spark_slides.ts";

/** iFlytek's models, with the interfaces of their own: signed addresses, a socket for every answer, slides as jobs. */
export class SparkProvider implements Provider {
  readonly name = "spark";
  readonly features = ["text", "image", "slides"] as const;
  readonly secretFields = ["appId", "apiKey", "apiSecret"] as const;
  /** They want the last message to be the user's. */
  readonly prefill = false;
  readonly #now: () => number;
  readonly #pollMs: number;

  /** @param options.now Milliseconds since 1970, for signatures. */
  constructor(options: { readonly now?: () => number; readonly pollMs?: number } = {}) {
    this.#now = options.now ?? Date.now;
    this.#pollMs = options.pollMs ?? POLL_MS;
  }

  call(call: UpstreamCall, signal: AbortSignal): AsyncIterable<UpstreamEvent> {
    const { request } = call;
    switch (request.feature) {
      case "text":
        return sparkChat(call, request, this.#now, signal);
      case "image":
        return sparkImage(call, request, this.#now, signal);
      case "slides":
        return sparkSlides(call, request, { now: this.#now, pollMs: this.#pollMs }, signal);
    }
  }
}
