import assert from "node:assert/strict";
import { Barrage } from "client/mod.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { Recorder } from "tests/client/support/recorder.ts";
import { ClusterProcess } from "tests/support/cluster_process.ts";

const random = () => 0.01;

async function connections(node: string): Promise<number> {
  const text = await (await fetch(`${node}/metrics`)).text();
  return Number(/^barrage_connections (\d+)$/m.exec(text)?.[1]);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("a cluster of two nodes", async (t) => {
  await using cluster = new ClusterProcess("--nodes", "2", "--port", "0");
  const [, url = ""] = await cluster.says(/^listening on (http:\/\/127\.0\.0\.1:\d+)$/m);
  const [, folder = ""] = await cluster.says(/^Data and logs: (\S+)/m);
  const urlOf = (node: string) => cluster.members.get(node)?.url ?? "";
  const ann = await HttpClient.guest(url, "Ann");
  const bob = await HttpClient.guest(url, "Bob");
  const { id } = await ann.room();

  await t.step("[K1] has servers and nodes of its own, and says where", () => {
    assert.deepEqual([...cluster.members.keys()], ["postgres", "nats", "redis", "node-1", "node-2"]);
  });

  await using left = new Barrage({ url, token: ann.token, random });
  await using right = new Barrage({ url, token: bob.token, random });
  await left.connect();
  await right.connect();
  const seen = [left, right].map((client) => new Recorder(client.room(id)));

  await t.step("[K2] lets two clients of the front land on different nodes, in one room", async () => {
    assert.deepEqual([await connections(urlOf("node-1")), await connections(urlOf("node-2"))], [1, 1]);
    await left.room(id).join();
    await right.room(id).join();
    await left.room(id).say("from the left");
    await right.room(id).say("from the right");
    for (const recorder of seen) {
      await recorder.until("from the left");
      await recorder.until("from the right");
    }
  });

  await t.step(
    "[K3] loses nothing that was acknowledged when a node is stopped, and takes it back",
    async () => {
      await cluster.type("stop node-2");
      await Promise.all([left, right].map(async (client, side) => {
        for (let n = 0; n < 15; n++) {
          await client.room(id).say(`${side} says ${n}`);
          await seen[side]!.until(`${side} says ${n}`);
        }
      }));
      await cluster.says(/^node-2 ended: exit 0/m);
      for (const recorder of seen) {
        for (const side of [0, 1]) {
          await recorder.until(`${side} says 14`);
          const mine = recorder.texts.filter((text) => text.startsWith(`${side} says`));
          assert.deepEqual(mine, Array.from({ length: 15 }, (_, n) => `${side} says ${n}`));
        }
        assert.equal(recorder.gaps, 0);
      }
      await cluster.type("start node-2");
      await cluster.says(/^node-2 is ready again$/m);
      assert.equal((await fetch(`${urlOf("node-2")}/readyz`)).status, 200);
    },
  );

  await t.step("[K3] carries out what is typed and says why it cannot", async () => {
    await cluster.type("kill node-7");
    await cluster.says(/^Cannot kill "node-7": it is none of postgres, nats, redis, node-1, node-2$/m);
    await cluster.type("kill node-1");
    await cluster.says(/^node-1 ended: SIGKILL; its log is \S+node-1\.log$/m);
    await cluster.type("status");
    await cluster.says(/^node-1 .* not running\nnode-2 .* ready, \d+ shards$/m);
  });

  await t.step("[K1] leaves no process and no file behind after Ctrl-C", async () => {
    const { pids } = cluster;
    assert.ok(pids.length >= 6);
    assert.equal((await cluster.interrupt()).code, 0);
    assert.match(cluster.text, /^Stopped$/m);
    for (const pid of pids) assert.equal(await isThere(`/proc/${pid}`), false, `process ${pid} is left`);
    assert.equal(await isThere(folder), false);
  });
});

Deno.test("[K1] a cluster that cannot start says why and leaves nothing behind", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using cluster = new ClusterProcess("--nodes", "1", "--port", `${taken.addr.port}`);
  assert.equal((await cluster.ended()).code, 1);
  assert.match(cluster.text, new RegExp(`^Cannot listen on port ${taken.addr.port}: it is taken`, "m"));
  for (const pid of cluster.pids) {
    assert.equal(await isThere(`/proc/${pid}`), false, `process ${pid} is left`);
  }
});

Deno.test("[K1] a number of nodes that cannot be is answered with the options", async () => {
  await using cluster = new ClusterProcess("--nodes", "0");
  assert.equal((await cluster.ended()).code, 2);
  assert.match(cluster.text, /--nodes N/);
});
