import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { startServer } from "tests/support/server.ts";
import { openRoom } from "./support/live_room.ts";

const SDK = fileURLToPath(new URL("../../client/mod.ts", import.meta.url));

/** Takes the global WebSocket away and hands it over as the option, as an app on Node 20 has to. */
const SCRIPT = `
import { Barrage, BarrageCallError } from "./sdk.mjs";
const { WebSocket } = globalThis;
delete globalThis.WebSocket;
const [url, token, id] = process.argv.slice(2);
let refused;
try { new Barrage({ url, token }); } catch (error) { refused = error.name; }
const barrage = new Barrage({ url, token, WebSocket });
const room = barrage.room(id);
const seen = new Promise((resolve) => room.on("items", (items) => resolve(items[0])));
await room.join();
await room.say("from Node", { style: { color: "#33ccff" } });
const { text, style } = await seen;
const unknown = await barrage.room("01JD3Y4B6V8Q2Z5K7M9N0P1R2S").join().catch((error) => error);
barrage.close();
console.log(JSON.stringify({ refused, text, style, reason: unknown instanceof BarrageCallError && unknown.reason }));
`;

async function hasNode(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    return Number(/^v(\d+)/.exec(new TextDecoder().decode(stdout))?.[1]) >= 20;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function run(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "[C30] the bundled SDK runs in Node with a WebSocket given, and says so where there is none",
  ignore: !await hasNode(),
  async fn() {
    await using server = await startServer();
    const { id, token } = await openRoom(server.url);
    const folder = await Deno.makeTempDir();
    try {
      await run(Deno.execPath(), ["bundle", "--quiet", "--output", `${folder}/sdk.mjs`, SDK]);
      await Deno.writeTextFile(`${folder}/app.mjs`, SCRIPT);
      const output = await run("node", [
        "--experimental-websocket",
        `${folder}/app.mjs`,
        server.url,
        token,
        id,
      ]);
      assert.deepEqual(JSON.parse(output), {
        refused: "TypeError",
        text: "from Node",
        style: { color: "#33ccff" },
        reason: "not_found",
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
