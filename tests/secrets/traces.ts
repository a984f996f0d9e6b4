import { Buffer } from "node:buffer";
import type { Trace } from "./secrets.ts";

const NOTHING = "\0".repeat(4_096);

/** Every file below `folder` that was written since then, as far as it can be read. */
export async function* filesIn(folder: string, since = new Date(0)): AsyncGenerator<Trace> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesIn(path, since);
    if (!isFile) continue;
    const trace = await readTrace(path, since);
    if (trace !== undefined) yield trace;
  }
}

async function readTrace(path: string, since: Date): Promise<Trace | undefined> {
  try {
    const { mtime } = await Deno.stat(path);
    if (mtime !== null && mtime < since) return undefined;
    const text = Buffer.from(await Deno.readFile(path)).toString("latin1");
    // Of a file that is laid out before it is needed most is nothing.
    return { where: path, text: text.replaceAll(NOTHING, "\0") };
  } catch (error) {
    // A database removes files while it runs.
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
