import { deepEqual, equal, ok } from "node:assert/strict";
import type { LoginSessions, SignedIn } from "protocol/accounts.ts";
import { CLOSE_CODES } from "protocol/close_codes.ts";
import { ClusterProcess } from "tests/support/cluster_process.ts";
import { PASSWORD } from "tests/support/cookie_client.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { SocketClient } from "tests/support/socket_client.ts";

const CREDENTIALS = { login: "alice", password: PASSWORD, transport: "body" };

Deno.test("accounts on three nodes", async (t) => {
  await using cluster = new ClusterProcess("--nodes", "3", "--port", "0");
  await cluster.says(/^listening on http:\/\/127\.0\.0\.1:\d+$/m);
  const nodes = new Map(["node-1", "node-2", "node-3"].map((name) => [name, cluster.members.get(name)!.url]));
  const urls = [...nodes.values()];
  const [one = "", two = "", three = ""] = urls;
  const socketUrl = (url: string) => `${url.replace("http", "ws")}/v1/ws`;
  const signIn = async (url: string) =>
    (await new HttpClient(url).post<SignedIn>("/v1/login", CREDENTIALS)).body;
  const made = await new HttpClient(one).post<SignedIn>("/v1/accounts", CREDENTIALS);

  await t.step("[S51] an account made on one node signs in and refreshes on the others", async () => {
    const { refreshToken, deviceToken } = made.body;
    const refreshed = await new HttpClient(two).post<SignedIn>("/v1/refresh", { refreshToken, deviceToken });
    equal(refreshed.status, 200);
    // The same token on the third node at once: the answer may have been lost on the way to the second.
    const again = await new HttpClient(three).post<SignedIn>("/v1/refresh", { refreshToken, deviceToken });
    equal(again.body.refreshToken, refreshed.body.refreshToken);
    const { token } = await signIn(three);
    for (const url of urls) equal((await new HttpClient(url, token).get("/v1/account")).status, 200);
  });

  await t.step(
    "[S51] what ends on one node is refused and closed on all of them, within a moment",
    async () => {
      const owner = new HttpClient(one, (await signIn(one)).token);
      const tookMs: number[] = [];
      for (let round = 0; round < 5; round++) {
        const { token, session } = await signIn(urls[round % 3]!);
        await using sockets = new AsyncDisposableStack();
        const open = await Promise.all(
          urls.map(async (url) => sockets.use(await SocketClient.greet(socketUrl(url), token))),
        );
        const since = performance.now();
        equal((await owner.delete(`/v1/sessions/${session}`)).status, 204);
        for (const { closed } of open) equal((await closed).code, CLOSE_CODES.unauthenticated.code);
        tookMs.push(performance.now() - since);
        for (const url of urls) equal((await new HttpClient(url, token).get("/v1/account")).status, 401);
      }
      ok(Math.max(...tookMs) < 2_000, tookMs.join());
    },
  );

  await t.step("[S51] a session goes on over the death of the node that has its account", async () => {
    const names = await Promise.all(
      [...nodes].map(async ([name, url]) => await hasAccount(url) ? [name] : []),
    );
    const [owner = ""] = names.flat();
    const [left = "", right = ""] = [...nodes].filter(([name]) => name !== owner).map(([, url]) => url);
    const { token, refreshToken, deviceToken } = await signIn(left);
    await cluster.type(`kill ${owner}`);
    await cluster.says(new RegExp(`^${owner} ended: SIGKILL`, "m"));
    const survivor = new HttpClient(right, token);
    const deadline = performance.now() + 30_000;
    for (;;) {
      const { status } = await survivor.get("/v1/account");
      if (status === 200) break;
      ok(status >= 500 && performance.now() < deadline, `${status} after the death of ${owner}`);
    }
    const { body, status } = await new HttpClient(left).post<SignedIn>("/v1/refresh", {
      refreshToken,
      deviceToken,
    });
    equal(status, 200);
    const { sessions } = (await new HttpClient(right, body.token).get<LoginSessions>("/v1/sessions")).body;
    deepEqual(sessions.filter(({ current }) => current).length, 1);
  });
});

async function hasAccount(url: string): Promise<boolean> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return /^barrage_actors\{kind="account"\} 1$/m.test(text);
}
