import swaggerUiFolder from "swagger-ui-dist/absolute-path.js";

/** Prints the folders that `deno task start` may touch, as flags: it writes DATA_DIR and reads that, web/ and Swagger UI. */
const dataDir = Deno.env.get("DATA_DIR") || "data";
console.log(`--allow-read=${dataDir},web,${swaggerUiFolder()} --allow-write=${dataDir}`);
