import { deepEqual, equal, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../", import.meta.url));

async function start(env: Record<string, string>): Promise<{ code: number; said: string[] }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", "main.ts"],
    cwd: PROJECT,
    env: { LOG: "json", DATABASE_URL: "", NATS_URL: "", REDIS_URL: "", HOST: "127.0.0.1", PORT: "0", ...env },
    stdout: "null",
    stderr: "piped",
  }).output();
  const lines = new TextDecoder().decode(stderr).trim().split("\n");
  return { code, said: lines.filter((line) => !line.startsWith('{"@timestamp"')) };
}

Deno.test("[X7] a start that cannot go on says why in a sentence, and shows no stack", async () => {
  const folder = await Deno.makeTempDir({ prefix: "barrage-start-" });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => Deno.remove(folder, { recursive: true }));
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await Deno.writeTextFile(`${folder}/file`, "");
  const [busy, nowhere, away] = await Promise.all([
    start({ DATA_DIR: `${folder}/one`, PORT: String(port) }),
    start({ DATA_DIR: `${folder}/file/below` }),
    start({ DATA_DIR: `${folder}/two`, DATABASE_URL: `postgres://ann:secret@127.0.0.1:${closedPort()}/x` }),
  ]);
  deepEqual(busy, { code: 1, said: [`Cannot listen at 127.0.0.1:${port}: another program does already`] });
  deepEqual([nowhere.code, nowhere.said.length], [1, 1]);
  match(nowhere.said[0]!, /^Cannot make the data directory .*\/file\/below: ENOTDIR/);
  deepEqual([away.code, away.said.length], [1, 2]);
  equal(away.said[0], "The database cannot be reached");
  match(away.said[1]!, /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/);
});

/** Nobody listens there any more. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
