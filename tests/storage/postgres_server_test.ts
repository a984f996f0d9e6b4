import assert from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import { BarrageError } from "protocol/errors.ts";
import { openPostgres } from "storage/postgres.ts";
import { type PostgresServer, startPostgres } from "tests/support/postgres.ts";
import { createRooms, fence, offsets, roomId, says } from "./contract/records.ts";
import { CuttableProxy } from "./cuttable_proxy.ts";
import { testStorage } from "./storage_contract.ts";

/** A database that is up to date: to copy it takes a fraction of what the migrations take. */
const MIGRATED = "migrated";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await startPostgres();
  const storage = await openPostgres({ url: await server.createDatabase(MIGRATED) });
  await storage[Symbol.asyncDispose]();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

testStorage("postgres", async (lane = {}) => {
  await using opened = new AsyncDisposableStack();
  const url = await server.copyDatabase(MIGRATED);
  const storage = opened.use(await openPostgres({ url, lane }));
  const owned = opened.move();
  return {
    storage,
    another: async () => owned.use(await openPostgres({ url })),
    outlive: (ttlMs) => query(url, "SELECT pg_sleep($1)", [ttlMs / 1_000]),
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
});

async function query(url: string, text: string, parameters: unknown[] = []): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text, parameters);
  } finally {
    await client.end();
  }
}

/** The server's processes for the storage. */
async function backends(url: string): Promise<number[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'barrage'",
    );
    return rows.map(({ pid }) => pid);
  } finally {
    await client.end();
  }
}

Deno.test("[D49] postgres: four connections are open before somebody needs them", async () => {
  const url = await server.createDatabase();
  await using storage = await openPostgres({ url });
  const before = await backends(url);
  await Promise.all(Array.from({ length: 4 }, () => storage.ping()));
  const after = await backends(url);
  assert.equal(after.length, 4);
  assert.deepEqual(after.filter((pid) => !before.includes(pid)), []);
});

Deno.test("[D17] postgres: a large group is parted in two transactions, a small one is not", async () => {
  await using storage = await openPostgres({ url: await server.createDatabase() });
  const { lane, rooms } = storage;
  const numbers = Array.from({ length: 64 }, (_, index) => index + 1);
  await createRooms(storage, ...numbers);
  const commitAll = async (some: readonly number[], offset: number) => {
    const before = lane.stats.transactions;
    await Promise.all(
      some.map((n) => lane.commit(fence(n), [rooms.append(roomId(n), says(offset, offset))])),
    );
    return lane.stats.transactions - before;
  };
  assert.equal(await commitAll(numbers, 1), 2);
  assert.equal(await commitAll(numbers.slice(1), 2), 1);
  assert.deepEqual(await offsets(storage, 64), [1, 2]);
});

const UNAVAILABLE = { name: "BarrageError", reason: "unavailable" };

Deno.test("[D38] postgres: several nodes may open an empty database at once", async () => {
  const url = await server.createDatabase();
  const storages = await Promise.all([1, 2, 3, 4].map(() => openPostgres({ url })));
  for (const storage of storages) {
    assert.equal((await storage.ownership.shards()).length, 256);
    await storage[Symbol.asyncDispose]();
  }
});

Deno.test("[D39] postgres: a connection lost while committing leaves the outcome unknown, and says so", async () => {
  await using proxy = new CuttableProxy(server.port);
  const url = new URL(await server.createDatabase());
  url.port = `${proxy.port}`;
  await using storage = await openPostgres({ url: url.href });
  await createRooms(storage, 1);
  proxy.cutAfter("commit");
  await assert.rejects(storage.lane.commit(fence(1), [storage.rooms.append(roomId(1), says(1, 2))]), {
    name: "BarrageError",
    reason: "timeout",
  });
  assert.equal(storage.lane.stats.failed, 1);
  await storage.lane.commit(fence(1), [
    storage.rooms.erase(roomId(1)),
    storage.rooms.append(roomId(1), says(1, 1)),
  ]);
  assert.deepEqual(await offsets(storage, 1), [1]);
});

Deno.test("[D40] postgres: a connection lost before the commit makes the whole group unavailable", async () => {
  await using proxy = new CuttableProxy(server.port);
  const url = new URL(await server.createDatabase());
  url.port = `${proxy.port}`;
  await using storage = await openPostgres({ url: url.href });
  await createRooms(storage, 1, 2);
  proxy.cutAfter("insert into");
  const units = [1, 2].map((n) =>
    storage.lane.commit(fence(n), [storage.rooms.append(roomId(n), says(1, 2))])
  );
  for (const unit of units) await assert.rejects(unit, UNAVAILABLE);
  assert.deepEqual(await offsets(storage, 1), []);
  await storage.lane.commit(fence(1), [storage.rooms.append(roomId(1), says(1, 2))]);
  assert.deepEqual(await offsets(storage, 1), [1, 2]);
});

Deno.test("[D41] postgres: a silent server is given up on, and the next query takes a new connection", async () => {
  await using proxy = new CuttableProxy(server.port);
  const url = new URL(await server.createDatabase());
  url.port = `${proxy.port}`;
  await using storage = await openPostgres({ url: url.href, statementTimeoutMs: 200 });
  await createRooms(storage, 1);
  proxy.freeze();
  await assert.rejects(storage.lane.commit(fence(1), []), UNAVAILABLE);
  proxy.thaw();
  await storage.lane.commit(fence(1), []);
});

Deno.test("[D42] postgres: a process that loses all its connections goes on", async () => {
  await using proxy = new CuttableProxy(server.port);
  const url = new URL(await server.createDatabase());
  url.port = `${proxy.port}`;
  const pinger = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", new URL("./pinger.ts", import.meta.url).pathname, url.href],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const answers = pinger.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const requests = pinger.stdin.getWriter();
  assert.deepEqual(await answers.read(), { value: "4 answered\n", done: false });
  proxy.cut();
  await requests.write(new Uint8Array(1));
  assert.deepEqual(await answers.read(), { value: "lost\n1 answered\n", done: false });
  await requests.close();
  assert.deepEqual(await answers.read(), { value: undefined, done: true });
  assert.equal((await pinger.status).code, 0);
});

Deno.test("[D43] postgres: a statement over the time limit is the database's fault, not the unit's", async () => {
  const url = await server.createDatabase();
  await using storage = await openPostgres({ url, statementTimeoutMs: 200 });
  await createRooms(storage, 1, 2);
  const blocker = new pg.Client({ connectionString: url });
  await blocker.connect();
  try {
    await blocker.query("BEGIN");
    await blocker.query("SELECT id FROM room FOR UPDATE");
    const units = [1, 2].map((n) => storage.lane.commit(fence(n), []));
    for (const unit of units) await assert.rejects(unit, UNAVAILABLE);
  } finally {
    await blocker.end();
  }
  await storage.lane.commit(fence(1), []);
});

Deno.test("[D44] postgres: an integer beyond 2^53 is refused rather than rounded", async () => {
  const url = await server.createDatabase();
  await using storage = await openPostgres({ url });
  await createRooms(storage, 1);
  await query(url, "UPDATE room SET head = 9007199254740993");
  await assert.rejects(storage.rooms.read(roomId(1)), {
    message: "Cannot read an integer beyond 2^53: 9007199254740993",
  });
});

Deno.test("[D45] postgres: a database that is not there makes opening fail as unavailable", async () => {
  await assert.rejects(openPostgres({ url: server.url("nowhere") }), (error) => {
    assert(error instanceof BarrageError);
    assert.equal(error.reason, "unavailable");
    assert(!error.message.includes("barrage@"), "the URL may carry a password");
    return true;
  });
});
