import { z } from "zod";
import type { CallDesk, KnownCredential } from "./call_desk.ts";
import { PNG_BASE64 } from "./files.ts";
import type { HttpConnection, HttpRequest } from "./http_connection.ts";
import type { UpstreamSettings } from "./settings.ts";

const Paint = z.object({
  header: z.object({ app_id: z.string() }),
  parameter: z.object({
    chat: z.object({ domain: z.literal("general"), width: z.int(), height: z.int() }),
  }),
  payload: z.object({
    message: z.object({
      text: z.tuple([z.object({ role: z.literal("user"), content: z.string().min(1).max(1_000) })]),
    }),
  }),
});
const SIZES = new Set([
  ..."512x512 640x360 640x480 640x640 680x512 512x680 768x768 720x1280 1280x720 1024x1024".split(" "),
]);

interface Job {
  readonly fails: boolean;
  readonly credential: string;
  polls: number;
  lastPollAt: number;
}

/** Pictures in one answer, and slide decks as jobs that are asked for until they are done. */
export class SparkFilesFace {
  readonly #desk: CallDesk;
  readonly #settings: () => UpstreamSettings;
  readonly #url: () => string;
  readonly #now: () => number;
  readonly #jobs = new Map<string, Job>();
  /** Jobs that were asked for sooner than is allowed. */
  hasty = 0;

  constructor(desk: CallDesk, settings: () => UpstreamSettings, url: () => string, now: () => number) {
    this.#desk = desk;
    this.#settings = settings;
    this.#url = url;
    this.#now = now;
  }

  async picture(connection: HttpConnection, credential: KnownCredential, body: Uint8Array): Promise<void> {
    const call = this.#desk.open(connection, credential, "image", "tti");
    const admitted = call.admit();
    const { fault } = call;
    const answer = (header: object, payload?: object) =>
      connection.answer(
        200,
        { "content-type": "application/json" },
        JSON.stringify({ header: { message: "", sid: "tti1", status: 2, ...header }, payload }),
      );
    if (admitted !== "admitted") return await answer({ code: admitted === "rate" ? 11_202 : 11_203 });
    switch (fault?.kind) {
      case "reset":
        call.leave("faults");
        return connection.destroy();
      case "silent":
        return await connection.wait(Infinity);
      case "status":
        call.leave("faults");
        return await connection.answer(fault.status, {}, "");
      case "code":
        call.leave("faults");
        return await answer({ code: Number(fault.code) });
      case "rate":
        call.leave("faults");
        return await answer({ code: 11_202 });
      case "moderation":
        call.leave("faults");
        return await answer({ code: fault.after === undefined ? 10_021 : 10_022 });
      default:
    }
    const asked = Paint.safeParse(JSON.parse(new TextDecoder().decode(body)));
    const size = asked.success
      ? `${asked.data.parameter.chat.width}x${asked.data.parameter.chat.height}`
      : "none";
    if (!SIZES.has(size)) {
      call.leave("faults");
      return await answer({ code: 10_004 });
    }
    await connection.wait(this.#settings().workMs);
    call.leave("completed");
    const text = [{ content: PNG_BASE64, index: 0, role: "assistant" }];
    await answer({ code: 0, message: "Success" }, { choices: { status: 2, seq: 0, text } });
  }

  async slides(
    connection: HttpConnection,
    request: HttpRequest,
    url: URL,
    body: Uint8Array<ArrayBuffer>,
    credential: KnownCredential,
  ): Promise<void> {
    const answer = (code: number, data: object | null = null) =>
      connection.answer(
        200,
        { "content-type": "application/json" },
        JSON.stringify({ flag: code === 0, code, desc: code === 0 ? "成功" : "失败", count: null, data }),
      );
    if (url.pathname.endsWith("/progress")) return await this.#progress(url, credential, answer);
    if (!url.pathname.endsWith("/create")) return await connection.answer(404, {}, "");
    const call = this.#desk.open(connection, credential, "slides", "ppt");
    const admitted = call.admit();
    if (admitted !== "admitted") return await answer(admitted === "rate" ? 11_202 : 11_203);
    const { fault } = call;
    if (fault?.kind === "reset") {
      call.leave("faults");
      return connection.destroy();
    }
    if (fault?.kind === "silent") return await connection.wait(Infinity);
    call.leave(fault === undefined ? "completed" : "faults");
    if (fault?.kind === "code") return await answer(Number(fault.code));
    if (fault?.kind === "moderation") return await answer(20_005);
    const form = await new Response(body, {
      headers: { "content-type": request.headers.get("content-type") ?? "" },
    }).formData();
    const query = form.get("query");
    if (typeof query !== "string" || query === "" || query.length > 8_000) return await answer(20_002);
    const sid = crypto.randomUUID().replaceAll("-", "");
    const fails = fault?.kind === "build_failed";
    this.#jobs.set(sid, { credential: credential.id, fails, polls: 0, lastPollAt: this.#now() });
    await answer(0, { sid, title: query.slice(0, 20), subTitle: "", coverImgSrc: "" });
  }

  async #progress(
    url: URL,
    credential: KnownCredential,
    answer: (code: number, data?: object | null) => Promise<void>,
  ): Promise<void> {
    const job = this.#jobs.get(url.searchParams.get("sid") ?? "");
    if (job === undefined || job.credential !== credential.id) return await answer(20_002);
    const { polls, pollMinMs } = this.#settings();
    const now = this.#now();
    if (now - job.lastPollAt < pollMinMs) {
      this.hasty++;
      return await answer(9_999);
    }
    job.lastPollAt = now;
    job.polls++;
    const done = job.polls > polls;
    await answer(0, {
      pptStatus: !done ? "building" : job.fails ? "build_failed" : "done",
      ...{ aiImageStatus: "done", cardNoteStatus: "done", errMsg: null },
      ...{ totalPages: polls, donePages: Math.min(job.polls, polls) },
      pptUrl: done && !job.fails ? `${this.#url()}/files/deck.pptx` : null,
    });
  }
}
