import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { Person } from "tests/support/chatter.ts";
import { startServer } from "tests/support/server.ts";
import { openRoom } from "./support/live_room.ts";

const SDK = fileURLToPath(new URL("./support/node_sdk.ts", import.meta.url));

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

/** Writes after the connection has ended, or sends what an earlier run has left. */
const CHAT_SCRIPT = `
import { Barrage, FileOutboxStore } from "./sdk.mjs";
const [url, token, peer, folder, text] = process.argv.slice(2);
const barrage = new Barrage({ url, token, WebSocket, chat: { outbox: new FileOutboxStore(folder) } });
await barrage.chat.start();
const talk = await barrage.chat.open(peer);
if (text) {
  barrage.close();
  await talk.send(text);
} else {
  const sent = () => talk.view?.head > 0 && talk.view.sending === 0;
  await new Promise((resolve) => { const check = () => sent() && resolve(); talk.on("view", check); check(); });
  barrage.close();
}
console.log(JSON.stringify(talk.messages.map(({ shown }) => shown)));
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

/** A folder with the bundled SDK and a script beside it, to be run in Node with these arguments. */
async function inNode(script: string, use: (node: (...args: string[]) => Promise<unknown>) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await run(Deno.execPath(), ["bundle", "--quiet", "--output", `${folder}/sdk.mjs`, SDK]);
    await Deno.writeTextFile(`${folder}/app.mjs`, script);
    await use(async (...args) =>
      JSON.parse(await run("node", ["--experimental-websocket", `${folder}/app.mjs`, ...args]))
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "[C30] the bundled SDK runs in Node with a WebSocket given, and says so where there is none",
  ignore: !await hasNode(),
  async fn() {
    await using server = await startServer();
    const { id, token } = await openRoom(server.url);
    await inNode(SCRIPT, async (node) => {
      assert.deepEqual(await node(server.url, token, id), {
        refused: "TypeError",
        text: "from Node",
        style: { color: "#33ccff" },
        reason: "not_found",
      });
    });
  },
});

Deno.test({
  name: "[C106] a program in Node sends what an earlier run has left in files",
  ignore: !await hasNode(),
  async fn() {
    await using server = await startServer();
    const [ann, ben] = [await Person.register(server), await Person.register(server)];
    const unsent = await Deno.makeTempDir();
    try {
      await inNode(CHAT_SCRIPT, async (node) => {
        const options = [server.url, ann.token, ben.id, unsent] as const;
        assert.deepEqual(await node(...options, "one"), ["outgoing"]);
        assert.deepEqual(await node(...options), ["stored"]);
      });
    } finally {
      await Deno.remove(unsent, { recursive: true });
    }
  },
});
