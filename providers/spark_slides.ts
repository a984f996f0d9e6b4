import { z } from "zod";
import type { AiRequest } from "protocol/ai.ts";
import { type UpstreamCall, type UpstreamEvent, UpstreamFault } from "actors/ai/provider.ts";
import { deck, fetchFile } from "./file.ts";
import { baseOf, readJson, send } from "./http.ts";
import { REFUSAL_BYTES_MAX } from "./limits.ts";
import { pause } from "./pause.ts";
import { faultOfCode, faultOfStatus } from "./spark_faults.ts";
import { signedHeaders } from "./spark_signature.ts";
import { estimate } from "./usage.ts";

const USUAL_URL = "https://zwapi.xfyun.cn";
/** Asking more often than every 3 s is refused; timers may be early. */
export const POLL_MS = 3_050;
const BUILT_PERCENT = 95;

type Slides = Extract<AiRequest, { feature: "slides" }>;

const Envelope = z.object({ code: z.int(), data: z.unknown() });
const Created = z.object({ sid: z.string().min(1).max(128) });
const Status = z.enum(["building", "done", "build_failed"]).catch("building");
const Progress = z.object({
  pptStatus: Status,
  aiImageStatus: Status.nullish(),
  cardNoteStatus: Status.nullish(),
  pptUrl: z.string().nullish(),
  totalPages: z.number().nullish(),
  donePages: z.number().nullish(),
});
/** As `UpstreamCall.job`. */
const Job = z.object({ sid: z.string() });

export interface SlidesTimes {
  readonly now: () => number;
  readonly pollMs: number;
}

/** A job: made once, asked for until it is done, and taken up again by its id after a restart. */
export async function* sparkSlides(
  call: UpstreamCall,
  request: Slides,
  { now, pollMs }: SlidesTimes,
  signal: AbortSignal,
): AsyncGenerator<UpstreamEvent> {
  const base = baseOf(call.credential.baseUrl, USUAL_URL).replace(/^ws/, "http");
  const { appId = "", apiSecret = "" } = call.credential.secret;
  const ask = async (path: string, init: RequestInit) => {
    const headers = await signedHeaders(appId, apiSecret, new Date(now()));
    const response = await send(`${base}/api/ppt/v2/${path}`, { ...init, headers }, signal);
    if (!response.ok) {
      await response.body?.cancel();
      throw faultOfStatus(response.status);
    }
    const { code, data } = expect(Envelope, await readJson(response, signal, REFUSAL_BYTES_MAX));
    if (code !== 0) throw faultOfCode(code, now());
    return data;
  };
  const known = call.job === undefined ? undefined : taken(call.job);
  const sid = known ?? expect(Created, await ask("create", { method: "POST", body: form(request) })).sid;
  yield { kind: "started" };
  if (known === undefined) yield { kind: "job", job: JSON.stringify({ sid }) };
  for (let told = -1;;) {
    await pause(pollMs, signal);
    const progress = expect(Progress, await ask(`progress?sid=${encodeURIComponent(sid)}`, {}));
    const { pptStatus, aiImageStatus, cardNoteStatus, pptUrl, totalPages, donePages } = progress;
    if (pptStatus === "build_failed") {
      yield { kind: "job", job: "" };
      throw faultOfCode(20_006, now());
    }
    const percent = Math.round((donePages ?? 0) / Math.max(1, totalPages ?? 1) * BUILT_PERCENT);
    if (percent > told && percent <= BUILT_PERCENT) yield { kind: "progress", percent: told = percent };
    // The pages may be there before their pictures and notes are.
    if ([pptStatus, aiImageStatus, cardNoteStatus].some((status) => status === "building")) continue;
    if (!pptUrl) throw new UpstreamFault("malformed", "Spark's slides are done, but nowhere");
    yield deck(await fetchFile(pptUrl, base, signal));
    yield { kind: "usage", usage: estimate([{ role: "user", content: request.prompt }], 0) };
    return yield { kind: "end", reason: "stop" };
  }
}

function form(request: Slides): FormData {
  const form = new FormData();
  const title = request.title === undefined ? "" : `${request.title}\n`;
  form.set("query", `${title}${request.prompt}`.slice(0, 8_000));
  if (request.language !== undefined) form.set("language", request.language);
  form.set("isCardNote", "false");
  form.set("search", "false");
  return form;
}

function taken(job: string): string | undefined {
  try {
    return Job.parse(JSON.parse(job)).sid;
  } catch {
    return undefined;
  }
}

function expect<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new UpstreamFault("malformed", "Spark's answer is not what was asked for");
  return parsed.data;
}
