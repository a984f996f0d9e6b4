import { parseArgs } from "node:util";
import { Upstream } from "./upstream.ts";

/** The simulator as a process of its own; `/control/...` is what its methods are to a test beside it. */
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    tokens: { type: "string", default: "20" },
    "token-ms": { type: "string", default: "0" },
  },
});
const upstream = new Upstream({
  port: Number(values.port),
  seed: Number(values.seed),
  tokens: Number(values.tokens),
  tokenMs: Number(values["token-ms"]),
});
console.log(`listening on ${upstream.url}`);
Deno.addSignalListener("SIGTERM", async () => {
  await upstream[Symbol.asyncDispose]();
  Deno.exit(0);
});
