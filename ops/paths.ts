import swaggerUiFolder from "swagger-ui-dist/absolute-path.js";

/** A thread of its own, whose source Deno reads while the node runs. */
const WORKER = "routes/password_worker.ts";

/** What a node may touch, as flags: it writes DATA_DIR and reads that, web/, Swagger UI and the source of a worker. */
export function pathFlags(dataDir: string): string[] {
  return [`--allow-read=${dataDir},web,${WORKER},${swaggerUiFolder()}`, `--allow-write=${dataDir}`];
}

/** `deno task ops` reads the key to the server and nothing else. */
export function operatorKeyFlag(dataDir: string): string {
  return `--allow-read=${dataDir}/operator_key`;
}

/** `deno task start` and `deno task ops` run this for their flags. */
if (import.meta.main) {
  const dataDir = Deno.env.get("DATA_DIR") || "data";
  console.log(Deno.args[0] === "ops" ? operatorKeyFlag(dataDir) : pathFlags(dataDir).join(" "));
}
