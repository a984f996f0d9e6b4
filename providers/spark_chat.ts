import type { AiMessage, AiRequest } from "protocol/ai.ts";
import { type UpstreamCall, type UpstreamEvent, UpstreamFault } from "actors/ai/provider.ts";
import { continued } from "./continuation.ts";
import { baseOf } from "./http.ts";
import { BAD_EVENTS_MAX } from "./limits.ts";
import { faultOfCode } from "./spark_faults.ts";
import { ask, Frame } from "./spark_messages.ts";
import { sparkModel } from "./spark_models.ts";
import { signedUrl } from "./spark_signature.ts";
import { SparkSocket } from "./spark_socket.ts";
import { estimate, left, tokensOf } from "./usage.ts";

const USUAL_URL = "wss://spark-api.xf-yun.com";
const LAST = 2;

type Text = Extract<AiRequest, { feature: "text" }>;

/** A chat: one connection, one question, one answer, and then the other side hangs up. */
export async function* sparkChat(
  call: UpstreamCall,
  request: Text,
  now: () => number,
  signal: AbortSignal,
): AsyncGenerator<UpstreamEvent> {
  const model = sparkModel(call.upstreamModel);
  if (model === undefined) throw new UpstreamFault("invalid", "Spark has no such model");
  const { secret, baseUrl } = call.credential;
  const { appId = "", apiKey = "", apiSecret = "" } = secret;
  const messages = continued(request.messages, call.partial, false);
  const address = `${baseOf(baseUrl, USUAL_URL).replace(/^http/, "ws")}${model.path}`;
  const maxTokens = left(request.options.maxTokens, call.partial);
  const question = ask({ appId, uid: call.uid, model, messages, options: request.options, maxTokens });
  const url = await signedUrl(address, "GET", { apiKey, apiSecret }, new Date(now()));
  await using socket = new SparkSocket(url, question, signal);
  const first = await firstFrame(socket);
  if (first.header.code !== 0) throw faultOfCode(first.header.code, now());
  yield { kind: "started" };
  yield* answer(socket, first, messages, now);
}

async function firstFrame(socket: SparkSocket): Promise<Frame> {
  for (let bad = 0; bad <= BAD_EVENTS_MAX; bad++) {
    const text = await socket.receive();
    if (text === undefined) throw new UpstreamFault("cut", "Spark hung up without an answer");
    const frame = parse(text);
    if (frame !== undefined) return frame;
  }
  throw new UpstreamFault("malformed", "Spark's answer is not what was asked for");
}

async function* answer(
  socket: SparkSocket,
  first: Frame,
  messages: readonly AiMessage[],
  now: () => number,
): AsyncGenerator<UpstreamEvent> {
  let tokens = 0;
  let bad = 0;
  let unshown = false;
  for (let frame: Frame | undefined = first;;) {
    if (frame === undefined && ++bad > BAD_EVENTS_MAX) {
      throw new UpstreamFault("malformed", "Spark's answer is not what was asked for");
    }
    const { header: { code }, payload } = frame ?? { header: { code: 0 } };
    if (code !== 0) throw faultOfCode(code, now());
    for (const { content, reasoning_content } of payload?.choices.text ?? []) {
      if (reasoning_content && !unshown) {
        unshown = true;
        yield { kind: "unshown", what: "reasoning" };
      }
      if (!content) continue;
      tokens += tokensOf(content);
      yield { kind: "text", text: content };
    }
    if (payload?.choices.status === LAST) {
      const usage = payload.usage?.text;
      yield {
        kind: "usage",
        usage: usage === undefined ? estimate(messages, tokens) : {
          promptTokens: Math.round(usage.prompt_tokens),
          completionTokens: Math.round(usage.completion_tokens),
          estimated: false,
        },
      };
      yield { kind: "end", reason: "stop" };
      return;
    }
    const text = await socket.receive();
    if (text === undefined) throw new UpstreamFault("cut", "Spark hung up inside the answer");
    frame = parse(text);
  }
}

function parse(text: string): Frame | undefined {
  try {
    return Frame.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
