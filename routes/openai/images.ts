import { Buffer } from "node:buffer";
import { AiRequest } from "protocol/ai.ts";
import { BarrageError } from "protocol/errors.ts";
import { invalidParams } from "protocol/issues.ts";
import type { FileStore } from "storage/ai_storage.ts";
import type { Origin } from "../origin.ts";
import type { Verified } from "../verifier.ts";
import { askOnce, type CompletionParts, readWhole } from "./chat_completions.ts";
import type { ImageRequest } from "./protocol.ts";

export interface ImageParts extends CompletionParts {
  readonly files: Pick<FileStore, "read">;
  readonly origin: Origin;
}

export async function makeImage(
  { node, hub, streams, catalogue, files, origin }: ImageParts,
  verified: Verified,
  body: ImageRequest,
  request: Request,
): Promise<Response> {
  const { caller } = verified;
  using place = streams.open(verified);
  const { model } = await catalogue.find("image", body.model ?? undefined);
  const [width, height] = /^(\d+)x(\d+)$/.exec(body.size ?? "")?.slice(1).map(Number) ?? [];
  const asked = AiRequest.safeParse({ feature: "image", prompt: body.prompt, width, height });
  if (!asked.success) throw invalidParams(asked.error, "body");
  const { answer, view } = await askOnce(node, {
    ...{ caller, model, request: asked.data },
    headers: request.headers,
  });
  const { done } = await readWhole(hub, answer, caller, [request.signal, place.signal]);
  const [file] = done.files ?? [];
  if (file === undefined) throw new BarrageError("unavailable", "The provider made no picture");
  const created = Math.floor(view.askedAt / 1_000);
  if (body.response_format === "url") {
    const url = new URL(`/v1/ai/files/${file.id}`, origin.known(request) ?? request.url);
    return Response.json({ created, data: [{ url: url.href }] });
  }
  const stored = await files.read(file.id);
  if (stored === undefined) throw new BarrageError("gone", "The picture has been removed");
  return Response.json({ created, data: [{ b64_json: Buffer.from(stored.bytes).toString("base64") }] });
}
