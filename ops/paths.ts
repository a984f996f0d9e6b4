import swaggerUiFolder from "swagger-ui-dist/absolute-path.js";

/** The folders a node may touch, as flags: it writes DATA_DIR and reads that, web/ and Swagger UI. */
export function pathFlags(dataDir: string): string[] {
  return [`--allow-read=${dataDir},web,${swaggerUiFolder()}`, `--allow-write=${dataDir}`];
}

/** `deno task start` runs this for its flags. */
if (import.meta.main) console.log(pathFlags(Deno.env.get("DATA_DIR") || "data").join(" "));
