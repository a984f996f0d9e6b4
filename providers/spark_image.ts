import { z } from "zod";
import type { AiRequest } from "protocol/ai.ts";
import { type UpstreamCall, type UpstreamEvent, UpstreamFault } from "actors/ai/provider.ts";
import { fromBase64, picture } from "./file.ts";
import { baseOf, readJson, send } from "./http.ts";
import { FILE_JSON_BYTES_MAX } from "./limits.ts";
import { faultOfCode, faultOfStatus } from "./spark_faults.ts";
import { signedUrl } from "./spark_signature.ts";
import { estimate } from "./usage.ts";

const USUAL_URL = "https://spark-api.cn-huabei-1.xf-yun.com";
const PROMPT_CHARS_MAX = 1_000;
/** What the interface paints; other sizes get the nearest of the same shape. */
export const SPARK_SIZES: readonly (readonly [number, number])[] = [
  ...[[512, 512], [640, 360], [640, 480], [640, 640], [680, 512], [512, 680]] as const,
  ...[[768, 768], [720, 1_280], [1_280, 720], [1_024, 1_024]] as const,
];

type Image = Extract<AiRequest, { feature: "image" }>;

const Painted = z.object({
  header: z.object({ code: z.int() }),
  payload: z.object({
    choices: z.object({ text: z.array(z.object({ content: z.string() })).min(1) }),
  }).nullish(),
});

export async function* sparkImage(
  call: UpstreamCall,
  request: Image,
  now: () => number,
  signal: AbortSignal,
): AsyncGenerator<UpstreamEvent> {
  if (request.prompt.length > PROMPT_CHARS_MAX) {
    throw new UpstreamFault("invalid", `Spark paints from at most ${PROMPT_CHARS_MAX} characters`);
  }
  const { secret, baseUrl } = call.credential;
  const { appId = "", apiKey = "", apiSecret = "" } = secret;
  const [width, height] = nearestSize(request.width, request.height);
  const address = `${baseOf(baseUrl, USUAL_URL).replace(/^ws/, "http")}/v2.1/tti`;
  const response = await send(await signedUrl(address, "POST", { apiKey, apiSecret }, new Date(now())), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      header: { app_id: appId, uid: call.uid.slice(-32) },
      parameter: { chat: { domain: "general", width, height } },
      payload: { message: { text: [{ role: "user", content: request.prompt }] } },
    }),
  }, signal);
  if (!response.ok) {
    await response.body?.cancel();
    throw faultOfStatus(response.status);
  }
  yield { kind: "started" };
  const parsed = Painted.safeParse(await readJson(response, signal, FILE_JSON_BYTES_MAX));
  if (!parsed.success) throw new UpstreamFault("malformed", "Spark's answer is not what was asked for");
  const { header: { code }, payload } = parsed.data;
  if (code !== 0) throw faultOfCode(code, now());
  const [painted] = payload?.choices.text ?? [];
  if (painted === undefined) throw new UpstreamFault("malformed", "Spark answered without a picture");
  yield picture(fromBase64(painted.content));
  yield { kind: "usage", usage: estimate([{ role: "user", content: request.prompt }], 0) };
  yield { kind: "end", reason: "stop" };
}

/** First the shape, then the area. */
export function nearestSize(width: number, height: number): readonly [number, number] {
  const distance = ([w, h]: readonly [number, number]) =>
    Math.abs(Math.log(w / h) - Math.log(width / height)) * 10 +
    Math.abs(Math.log((w * h) / (width * height)));
  return SPARK_SIZES.reduce((best, size) => distance(size) < distance(best) ? size : best);
}
