import assert from "node:assert/strict";
import { Front } from "../../ops/cluster/front.ts";

/** A backend that says its name, and whether it is ready. */
class Named implements AsyncDisposable {
  readonly name: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  ready = true;

  constructor(name: string) {
    this.name = name;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#answer(request),
    );
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #answer(request: Request): Response {
    if (new URL(request.url).pathname === "/readyz") {
      return new Response("", { status: this.ready ? 200 : 503 });
    }
    if (request.headers.get("upgrade") !== "websocket") return new Response(this.name);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onmessage = ({ data }) => socket.send(`${this.name} heard ${data}`);
    return response;
  }
}

interface Change {
  readonly name: string;
  readonly ready: boolean;
}

/** A front, and what it said of its backends. */
async function open(backends: readonly Named[]) {
  const changes: Change[] = [];
  let changed = Promise.withResolvers<void>();
  const onChange = ({ name }: Named, ready: boolean) => {
    changes.push({ name, ready });
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const front = await Front.open({ port: 0, backends, onChange });
  return {
    front,
    async until(name: string, ready: boolean): Promise<void> {
      while (!changes.some((change) => change.name === name && change.ready === ready)) await changed.promise;
    },
    [Symbol.asyncDispose]: () => front[Symbol.asyncDispose](),
  };
}

/** Over a connection of its own. */
async function ask(url: string): Promise<string> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  return await (await fetch(url, { client, headers: { connection: "close" } })).text();
}

Deno.test("[K2] the front gives each new connection to the next node, and passes over one that is not ready", async () => {
  await using a = new Named("a");
  await using b = new Named("b");
  await using stage = await open([a, b]);
  const four = [];
  for (let n = 0; n < 4; n++) four.push(await ask(stage.front.url));
  assert.deepEqual(four, ["a", "b", "a", "b"]);
  a.ready = false;
  await stage.until("a", false);
  assert.deepEqual([await ask(stage.front.url), await ask(stage.front.url)], ["b", "b"]);
  a.ready = true;
  await stage.until("a", true);
  assert.deepEqual(new Set([await ask(stage.front.url), await ask(stage.front.url)]), new Set(["a", "b"]));
});

Deno.test("[K2] a WebSocket stays with its node, and ends with the front", async () => {
  await using a = new Named("a");
  await using stage = await open([a]);
  const socket = new WebSocket(stage.front.url.replace("http", "ws"));
  const heard = new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data));
  socket.onopen = () => socket.send("hello");
  assert.equal(await heard, "a heard hello");
  a.ready = false;
  await stage.until("a", false);
  const again = new Promise((resolve) => socket.onmessage = ({ data }) => resolve(data));
  socket.send("still there");
  assert.equal(await again, "a heard still there");
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  await stage.front[Symbol.asyncDispose]();
  await closed;
});

Deno.test("[K2] with no node ready the front answers 503 as a problem", async () => {
  await using a = new Named("a");
  await using stage = await open([a]);
  a.ready = false;
  await stage.until("a", false);
  const response = await fetch(stage.front.url);
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "1");
  assert.equal((await response.json()).status, 503);
});
