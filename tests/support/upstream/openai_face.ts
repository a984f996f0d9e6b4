import { z } from "zod";
import type { CallDesk, Feature, KnownCredential, OpenCall } from "./call_desk.ts";
import { PNG_BASE64 } from "./files.ts";
import { script } from "./generator.ts";
import type { HttpConnection, HttpRequest } from "./http_connection.ts";
import { answerChat, streamChat } from "./openai_chat.ts";
import { openAiErrors, type Refusal, refusalOf } from "./openai_errors.ts";
import type { UpstreamSettings } from "./settings.ts";

const Chat = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1),
  stream: z.boolean().default(false),
  stream_options: z.object({ include_usage: z.boolean().default(false) }).default({ include_usage: false }),
  max_tokens: z.int().positive().optional(),
  max_completion_tokens: z.int().positive().optional(),
  response_format: z.object({ type: z.string() }).optional(),
});
const Image = z.object({ model: z.string(), prompt: z.string(), size: z.string().optional() });

/** `/v1/chat/completions`, `/v1/images/generations`, `/v1/models`. */
export class OpenAiFace {
  readonly #desk: CallDesk;
  readonly #settings: () => UpstreamSettings;
  readonly #url: () => string;

  constructor(desk: CallDesk, settings: () => UpstreamSettings, url: () => string) {
    this.#desk = desk;
    this.#settings = settings;
    this.#url = url;
  }

  async serve(connection: HttpConnection, request: HttpRequest, path: string): Promise<void> {
    const key = (request.headers.get("authorization") ?? "").replace("Bearer ", "");
    const credential = this.#desk.find("apiKey", key);
    const bytes = await connection.body(request);
    if (bytes === undefined) return;
    if (credential === undefined) return await refuse(connection, openAiErrors.unknownKey(key));
    if (path === "/v1/models") return await this.#models(connection, credential);
    const body = parse(bytes);
    if (path === "/v1/chat/completions") return await this.#chat(connection, credential, body);
    if (path === "/v1/images/generations") return await this.#image(connection, credential, body);
    await connection.answer(404, {}, "");
  }

  async #models(connection: HttpConnection, { spec }: KnownCredential): Promise<void> {
    const data = (spec.models ?? ["gpt-4o"]).map((id) => ({ id, object: "model", owned_by: "upstream" }));
    await connection.answer(
      200,
      { "content-type": "application/json" },
      JSON.stringify({ object: "list", data }),
    );
  }

  async #chat(connection: HttpConnection, credential: KnownCredential, body: unknown): Promise<void> {
    const parsed = Chat.safeParse(body);
    if (!parsed.success) return await refuse(connection, openAiErrors.malformed());
    const { model, messages, stream, stream_options: { include_usage: withUsage }, ...rest } = parsed.data;
    const call = await this.#admit(connection, credential, "text", model, messages.at(-1)!.content);
    if (call === undefined) return;
    const { fault } = call;
    const { tokens, tokenMs } = this.#settings();
    const said = script(messages, {
      tokens: Math.min(tokens, rest.max_tokens ?? rest.max_completion_tokens ?? tokens),
      json: rest.response_format?.type === "json_object",
      overlap: fault?.kind === "overlap" ? fault.characters : 0,
    });
    if (fault?.kind === "no_prefill" && said.prefilled) {
      call.leave("faults");
      return await refuse(connection, openAiErrors.prefill());
    }
    call.count({ prompt: said.promptTokens });
    const answer = { connection, call, script: said, model, tokenMs, withUsage };
    await (stream ? streamChat(answer) : answerChat(answer));
  }

  async #image(connection: HttpConnection, credential: KnownCredential, body: unknown): Promise<void> {
    const parsed = Image.safeParse(body);
    if (!parsed.success) return await refuse(connection, openAiErrors.malformed());
    const { model, prompt } = parsed.data;
    const call = await this.#admit(connection, credential, "image", model, prompt);
    if (call === undefined) return;
    await connection.wait(this.#settings().workMs);
    const data = this.#settings().images === "inline"
      ? [{ b64_json: PNG_BASE64 }]
      : [{ url: `${this.#url()}/files/picture.png` }];
    call.leave("completed");
    await connection.answer(
      200,
      { "content-type": "application/json" },
      JSON.stringify({ created: 1, data }),
    );
  }

  /** Undefined when the call is over before it began. */
  async #admit(
    connection: HttpConnection,
    credential: KnownCredential,
    feature: Feature,
    model: string,
    asked: string,
  ): Promise<OpenCall | undefined> {
    if (credential.spec.models?.includes(model) === false) {
      await refuse(connection, openAiErrors.unknownModel(model));
      return undefined;
    }
    const call = this.#desk.open(connection, credential, feature, model);
    const admitted = call.admit();
    if (admitted !== "admitted") {
      await refuse(connection, admitted === "rate" ? openAiErrors.rate() : openAiErrors.concurrency());
      return undefined;
    }
    if (call.fault === undefined) return call;
    if (call.fault.kind === "reset") {
      call.leave("faults");
      connection.destroy();
      return undefined;
    }
    if (call.fault.kind === "silent") {
      await connection.wait(Infinity);
      return undefined;
    }
    const refusal = refusalOf(call.fault, credential.secret["apiKey"] ?? "", asked);
    if (refusal === undefined) return call;
    call.leave("faults");
    await refuse(connection, refusal);
    return undefined;
  }
}

async function refuse(connection: HttpConnection, { status, headers, body }: Refusal): Promise<void> {
  await connection.answer(status, headers, body);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
