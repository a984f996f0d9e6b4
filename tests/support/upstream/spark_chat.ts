import { z } from "zod";
import type { CallDesk, KnownCredential, OpenCall } from "./call_desk.ts";
import type { Fault } from "./faults.ts";
import { type Script, script } from "./generator.ts";
import type { HttpConnection, HttpRequest } from "./http_connection.ts";
import type { UpstreamSettings } from "./settings.ts";
import { ServerWebSocket } from "./web_socket.ts";

export const SPARK_DOMAINS: Readonly<Record<string, string>> = {
  "/v4.0/chat": "4.0Ultra",
  "/chat/max-32k": "max-32k",
  "/v3.5/chat": "generalv3.5",
  "/chat/pro-128k": "pro-128k",
  "/v3.1/chat": "generalv3",
  "/v1.1/chat": "lite",
  "/v1/x1": "spark-x",
};
/** These do not know what a system message is. */
const WITHOUT_SYSTEM = new Set(["lite", "generalv3", "pro-128k"]);

const Ask = z.strictObject({
  header: z.strictObject({ app_id: z.string().min(1), uid: z.string().min(1).max(32) }),
  parameter: z.strictObject({
    chat: z.strictObject({
      domain: z.string(),
      temperature: z.number().gt(0).max(1).optional(),
      top_k: z.int().min(1).max(6).optional(),
      max_tokens: z.int().positive().optional(),
      chat_id: z.string().optional(),
    }),
  }),
  payload: z.strictObject({
    message: z.strictObject({
      text: z.array(z.strictObject({
        role: z.enum(["system", "user", "assistant"]),
        content: z.string().min(1),
      })).min(1),
    }),
  }),
});

/** A chat over a WebSocket that lives for one answer. */
export class SparkChatFace {
  readonly #desk: CallDesk;
  readonly #settings: () => UpstreamSettings;
  /** `credential uid` of the calls that run: one user may have one. */
  readonly #users = new Set<string>();
  #sids = 0;

  constructor(desk: CallDesk, settings: () => UpstreamSettings) {
    this.#desk = desk;
    this.#settings = settings;
  }

  async serve(
    connection: HttpConnection,
    request: HttpRequest,
    credential: KnownCredential,
    domain: string,
  ): Promise<void> {
    const call = this.#desk.open(connection, credential, "text", domain);
    const { fault } = call;
    if (fault?.kind === "reset") {
      call.leave("faults");
      return connection.destroy();
    }
    if (fault?.kind === "status") {
      call.leave("faults");
      const body = `It failed for ${credential.secret["apiKey"]}`;
      return await connection.answer(fault.status, {}, body);
    }
    if (fault?.kind === "silent") return await connection.wait(Infinity);
    const socket = await ServerWebSocket.accept(connection, request);
    const asked = await socket.receive();
    if (asked === undefined) return;
    const body = parse(asked);
    const code = body === undefined ? 10_003 : refused(body, domain, credential, fault);
    if (body === undefined || code !== undefined) {
      return await this.#fail(socket, connection, call, code ?? 10_003);
    }
    const user = `${credential.id} ${body.header.uid}`;
    if (this.#users.has(user)) return await this.#fail(socket, connection, call, 10_006);
    const admitted = call.admit();
    if (admitted !== "admitted") {
      return await this.#fail(socket, connection, call, admitted === "rate" ? 11_202 : 11_203);
    }
    this.#users.add(user);
    // Whatever the client says from here on is its goodbye.
    const listening = socket.receive();
    try {
      await this.#answer({ socket, connection, call, listening }, body);
    } finally {
      this.#users.delete(user);
    }
  }

  async #answer(
    { socket, connection, call, listening }: Talk,
    { payload: { message: { text } }, parameter: { chat } }: z.infer<typeof Ask>,
  ): Promise<void> {
    const { fault } = call;
    const { tokens, tokenMs } = this.#settings();
    const said = script(text, {
      tokens: Math.min(tokens, chat.max_tokens ?? tokens),
      json: text.some(({ content }) => /JSON/.test(content)),
      overlap: fault?.kind === "overlap" ? fault.characters : 0,
    });
    call.count({ prompt: said.promptTokens });
    const sid = `cht${++this.#sids}`;
    let waiting: string[] = [];
    const flush = async () => {
      await socket.send(...waiting);
      waiting = [];
    };
    if (fault?.kind === "slow") await connection.wait(fault.ms);
    if (fault?.kind === "unshown") waiting.push(frame(sid, 0, { reasoning_content: "Let me think" }));
    const last = said.tokens.length - 1;
    for (let sent = 0; sent <= last; sent++) {
      if (connection.gone) return;
      if (fault !== undefined && "after" in fault && fault.after === sent) {
        if (await this.#spoil({ socket, connection, call, listening }, fault, flush, waiting)) return;
      }
      if (sent > 0 && tokenMs > 0) {
        await flush();
        await connection.wait(tokenMs);
      }
      const status = sent === last ? 2 : sent === 0 ? 0 : 1;
      const usage = status === 2 && fault?.kind !== "no_usage" ? said : undefined;
      waiting.push(frame(sid, status, { content: said.tokens[sent]! }, usage));
      call.count({ completion: 1 });
    }
    if (connection.gone) return;
    await flush();
    // The real one hangs up; one that forgets to must not keep its client.
    if (fault?.kind === "no_done") return await connection.wait(Infinity);
    call.leave("completed");
    await hangUp(socket, connection, listening);
  }

  /** What is wrong at this place; true when the answer is over with it. */
  async #spoil(
    { socket, connection, call, listening }: Talk,
    fault: Fault,
    flush: () => Promise<void>,
    waiting: string[],
  ): Promise<boolean> {
    switch (fault.kind) {
      case "cut":
        await flush();
        call.leave("faults");
        connection.destroy();
        return true;
      case "truncated":
        await flush();
        call.leave("faults");
        await hangUp(socket, connection, listening);
        return true;
      case "stall":
        await flush();
        await connection.wait(Infinity);
        return true;
      case "garbage":
        for (let line = 0; line < fault.lines; line++) waiting.push('{"header":{"code":0');
        return false;
      case "code":
      case "moderation":
        await flush();
        call.leave("faults");
        await socket.send(failure(fault.kind === "code" ? Number(fault.code) : 10_014));
        await hangUp(socket, connection, listening);
        return true;
      default:
        return false;
    }
  }

  async #fail(
    socket: ServerWebSocket,
    connection: HttpConnection,
    call: OpenCall,
    code: number,
  ): Promise<void> {
    if (code !== 11_202 && code !== 11_203) call.leave("faults");
    await socket.send(failure(code));
    await hangUp(socket, connection, socket.receive());
  }
}

interface Talk {
  readonly socket: ServerWebSocket;
  readonly connection: HttpConnection;
  readonly call: OpenCall;
  readonly listening: Promise<string | undefined>;
}

async function hangUp(
  socket: ServerWebSocket,
  connection: HttpConnection,
  listening: Promise<unknown>,
): Promise<void> {
  await socket.close();
  await listening;
  connection.destroy();
}

/** What the request itself or a planned refusal says, before any limit is looked at. */
function refused(
  ask: z.infer<typeof Ask>,
  domain: string,
  { secret, spec }: KnownCredential,
  fault: Fault | undefined,
): number | undefined {
  const { text } = ask.payload.message;
  if (ask.header.app_id !== secret["appId"]) return 11_500;
  if (ask.parameter.chat.domain !== domain) return 10_004;
  if (spec.models?.includes(domain) === false) return 11_200;
  if (text.at(-1)?.role !== "user") return 10_003;
  if (WITHOUT_SYSTEM.has(domain) && text.some(({ role }) => role === "system")) return 10_003;
  switch (fault?.kind) {
    case "rate":
      return 11_202;
    case "concurrency":
      return 11_203;
    case "quota":
      return 11_200;
    case "context":
      return 10_907;
    case "moderation":
      return fault.after === undefined ? 10_013 : undefined;
    case "code":
      return fault.after === 0 ? Number(fault.code) : undefined;
    default:
      return undefined;
  }
}

function parse(text: string): z.infer<typeof Ask> | undefined {
  const parsed = Ask.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}

function frame(
  sid: string,
  status: number,
  text: { content?: string; reasoning_content?: string },
  usage?: Script,
): string {
  const choices = { status, seq: 0, text: [{ content: "", role: "assistant", index: 0, ...text }] };
  const counted = usage === undefined ? undefined : {
    question_tokens: usage.promptTokens,
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.tokens.length,
    total_tokens: usage.promptTokens + usage.tokens.length,
  };
  return JSON.stringify({
    header: { code: 0, message: "Success", sid, status },
    payload: { choices, ...(counted === undefined ? {} : { usage: { text: counted } }) },
  });
}

function failure(code: number): string {
  return JSON.stringify({ header: { code, message: `It failed with ${code}`, sid: "cht0", status: 2 } });
}
