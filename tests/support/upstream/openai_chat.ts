import type { OpenCall } from "./call_desk.ts";
import type { HttpConnection } from "./http_connection.ts";
import type { Script } from "./generator.ts";

interface Answer {
  readonly connection: HttpConnection;
  readonly call: OpenCall;
  readonly script: Script;
  readonly model: string;
  readonly tokenMs: number;
  readonly withUsage: boolean;
}

const ID = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1_795_000_000 };

/** The stream of a chat, with whatever is to go wrong in it. The call is over before its last byte is sent. */
export async function streamChat(answer: Answer): Promise<void> {
  const { connection, call, script, model, tokenMs } = answer;
  const { fault } = call;
  const event = (choice: object, more: object = {}) =>
    `data: ${JSON.stringify({ ...ID, model, choices: [{ index: 0, ...choice }], ...more })}\n\n`;
  await connection.begin(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  if (fault?.kind === "slow") await connection.wait(fault.ms);
  let waiting = ": welcome\n\n" + event({ delta: { role: "assistant", content: "" }, finish_reason: null });
  if (fault?.kind === "unshown") {
    const delta = fault.what === "reasoning" ? { reasoning_content: "Let me think" } : {
      tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "{}" } }],
    };
    waiting += event({ delta, finish_reason: null });
  }
  const flush = async () => {
    await connection.chunk(waiting);
    waiting = "";
  };
  for (let sent = 0; sent <= script.tokens.length; sent++) {
    if (connection.gone) return;
    if (fault !== undefined && "after" in fault && fault.after === sent) {
      if (await spoil(answer, flush, (text) => waiting += text)) return;
    }
    const token = script.tokens[sent];
    if (token === undefined) break;
    if (sent > 0 && tokenMs > 0) {
      await flush();
      await connection.wait(tokenMs);
    }
    waiting += event({ delta: { content: token }, finish_reason: null });
    call.count({ completion: 1 });
  }
  const reason = fault?.kind === "unshown" && fault.what === "tool" ? "tool_calls" : "stop";
  waiting += event({ delta: {}, finish_reason: reason });
  if (answer.withUsage && fault?.kind !== "no_usage") {
    waiting += `data: ${JSON.stringify({ ...ID, model, choices: [], usage: usageOf(script) })}\n\n`;
  }
  if (fault?.kind === "no_done" && fault.hang) {
    await flush();
    await connection.wait(Infinity);
    return;
  }
  if (fault?.kind !== "no_done") waiting += "data: [DONE]\n\n";
  if (connection.gone) return;
  call.leave("completed");
  await flush();
  await connection.end();
}

/** What is wrong at this place; true when the stream is over with it. */
async function spoil(
  { connection, call, script, model }: Answer,
  flush: () => Promise<void>,
  add: (text: string) => void,
): Promise<boolean> {
  const { fault } = call;
  switch (fault?.kind) {
    case "cut":
      await flush();
      call.leave("faults");
      connection.destroy();
      return true;
    case "truncated":
      call.leave("faults");
      await flush();
      await connection.end();
      return true;
    case "stall":
      await flush();
      await connection.wait(Infinity);
      return true;
    case "garbage":
      for (let line = 0; line < fault.lines; line++) add(`data: {"choices":[{"delta":{"content":\n\n`);
      return false;
    case "code":
      add(`data: ${JSON.stringify({ error: { message: "It failed", code: fault.code } })}\n\n`);
      call.leave("faults");
      await flush();
      await connection.end();
      return true;
    case "moderation":
      add(
        `data: ${
          JSON.stringify({
            ...ID,
            model,
            choices: [{ index: 0, delta: {}, finish_reason: "content_filter" }],
          })
        }\n\ndata: ${JSON.stringify({ ...ID, model, choices: [], usage: usageOf(script) })}\n\n`,
      );
      add("data: [DONE]\n\n");
      call.leave("faults");
      await flush();
      await connection.end();
      return true;
    default:
      return false;
  }
}

/** The same in one piece, for whoever asked without `stream`. */
export async function answerChat({ connection, call, script, model }: Answer): Promise<void> {
  call.count({ completion: script.tokens.length });
  call.leave("completed");
  await connection.answer(
    200,
    { "content-type": "application/json" },
    JSON.stringify({
      ...{ ...ID, object: "chat.completion", model },
      choices: [{
        ...{ index: 0, finish_reason: "stop" },
        message: { role: "assistant", content: script.tokens.join("") },
      }],
      usage: usageOf(script),
    }),
  );
}

function usageOf(script: Script) {
  const completion = script.tokens.length;
  return {
    prompt_tokens: script.promptTokens,
    completion_tokens: completion,
    total_tokens: script.promptTokens + completion,
  };
}
