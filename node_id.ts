import { join } from "node:path";

/** The name of this node, made once and kept in the data directory. */
export async function loadNodeId(dataDir: string): Promise<string> {
  const path = join(dataDir, "node_id");
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new Error(`Cannot read the node id ${path}`, { cause: error });
    }
  }
  const id = `node-${crypto.randomUUID().slice(0, 8)}`;
  await Deno.writeTextFile(path, `${id}\n`);
  return id;
}
