import { createRoute, z } from "@hono/zod-openapi";
import { answerActor } from "actors/ai/answer/definition.ts";
import type { ActorNode } from "actors/runtime/node.ts";
import { BarrageError } from "protocol/errors.ts";
import { Ulid } from "protocol/ids.ts";
import type { FileStore } from "storage/ai_storage.ts";
import { createHttpApp, failure } from "./http_app.ts";
import type { Authenticator } from "./identify.ts";

/** Providers name the type. What is none of these is told to be bytes, so that no browser makes a page of it. */
const TYPES: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/webp",
  "image/gif",
  "application/pdf",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation",
]);

const read = createRoute({
  method: "get",
  path: "/v1/ai/files/{file}",
  summary: "A picture or a slide deck that an answer made, for those who asked for it",
  tags: ["ai"],
  security: [{ token: [] }],
  request: { params: z.object({ file: Ulid }) },
  responses: {
    200: {
      description: "Its bytes",
      content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
    },
    default: failure,
  },
});

export interface AiFileParts {
  readonly node: ActorNode;
  readonly files: Pick<FileStore, "read">;
  readonly authenticator: Authenticator;
}

export function aiFileRoutes({ node, files, authenticator }: AiFileParts) {
  return createHttpApp().openapi(read, async (c) => {
    const { caller } = await authenticator.require(c.req.raw);
    const stored = await files.read(c.req.valid("param").file);
    if (stored === undefined) throw new BarrageError("not_found", "No such file");
    // Whoever may follow the answer may have what it made.
    await node.ref(answerActor, stored.answer, caller).follow({ from: Number.MAX_SAFE_INTEGER });
    const { type, name } = stored.file;
    return new Response(stored.bytes.slice(), {
      headers: {
        "content-type": TYPES.has(type) ? type : "application/octet-stream",
        "content-disposition": `attachment; filename*=UTF-8''${encoded(name)}`,
        "content-security-policy": "sandbox; default-src 'none'",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "cache-control": "private, max-age=31536000, immutable",
      },
    });
  });
}

/** As RFC 8187 has it. */
function encoded(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
