import { BarrageCallError } from "../errors.ts";
import { problemError } from "../http.ts";

export interface AiFileRequest {
  /** The server's address, `https://host`. */
  readonly url: string | URL;
  /** Pages of the server's own origin leave it to their cookies. */
  readonly token?: string;
  /** Its id, from an answer's `files`. */
  readonly file: string;
  readonly signal?: AbortSignal;
}

/** A picture or a slide deck that an answer made. @throws {BarrageCallError} `not_found`, `forbidden`, `unavailable`. */
export async function aiFile({ url, token, file, signal }: AiFileRequest): Promise<Blob> {
  const response = await fetch(new URL(`/v1/ai/files/${encodeURIComponent(file)}`, url), {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(signal && { signal }),
  }).catch((cause: unknown) => {
    throw new BarrageCallError("unavailable", "Cannot reach the server", { cause });
  });
  if (!response.ok) throw await problemError(response);
  return await response.blob();
}
