import { deepEqual, equal } from "node:assert/strict";
import { MemoryBroker } from "actors/bus/memory.ts";
import type { Caller } from "actors/runtime/caller.ts";
import { ApiKeyChecker } from "routes/api_key_checker.ts";
import { apiKeyRoutes } from "routes/api_keys.ts";
import { operatorAccountRoutes } from "routes/operator_accounts.ts";
import { AccountStage, ALICE, PASSWORD } from "tests/support/account_stage.ts";
import { ulid } from "tests/support/room_stage.ts";

const MINUTE = 60_000;
const BEN = ulid(2);

/** The routes as Alice, an operator who has signed in, uses them; she answers with a status and a reason. */
async function opened() {
  const { stage, process } = await AccountStage.withAlice();
  await process.create(BEN, "ben", "Ben");
  await process.account({ kind: "operator", name: "bus" }).setRole({ role: "operator" });
  const alice = { ...await process.signIn(1), standing: "operator" } as Caller;
  const { node, storage: { apiKeys: keys, accounts, answers, audit } } = process;
  const authenticator = { callerOf: () => Promise.resolve(alice) };
  await using bus = new MemoryBroker({ onError: console.error }).connect();
  const apps = {
    keys: apiKeyRoutes({
      node,
      authenticator,
      keys,
      checker: new ApiKeyChecker(keys, stage.clock),
      audit,
      bus,
    }),
    accounts: operatorAccountRoutes({ node, authenticator, accounts, answers }),
  };
  const ask = async (app: keyof typeof apps, method: string, path: string, body?: unknown) => {
    const response = await apps[app].request(
      path,
      {
        method,
        headers: { "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      { address: "203.0.113.7" },
    );
    const text = await response.text();
    return [response.status, text === "" ? undefined : JSON.parse(text).reason];
  };
  const confirm = () =>
    process.account(alice).confirm({ session: ulid(1), proof: { by: "password", hash: PASSWORD } });
  return { stage, process, ask, confirm };
}

Deno.test("[U6] an operator must have given the password lately to make keys and operators, and to remove accounts", async () => {
  const { stage, ask, confirm } = await opened();
  await using _ = stage;
  const calls: Parameters<typeof ask>[] = [
    ["keys", "POST", "/v1/api-keys", { name: "Bot", scopes: ["rooms"] }],
    ["accounts", "PATCH", `/v1/accounts/${BEN}`, { role: "operator" }],
    ["accounts", "DELETE", `/v1/accounts/${BEN}`],
  ];
  await stage.jump(10 * MINUTE);
  for (const call of calls) deepEqual(await ask(...call), [403, "confirmation_required"]);
  equal((await stage.storage.apiKeys.list({ limit: 9 })).length, 0);
  equal((await stage.storage.accounts.read(BEN))?.role, "user");
  // What only looks, or can only make things safer, needs no proof.
  equal((await ask("keys", "GET", "/v1/api-keys"))[0], 200);
  equal((await ask("accounts", "DELETE", `/v1/accounts/${BEN}/sessions`))[0], 200);
  await confirm();
  const statuses = [];
  for (const call of calls) statuses.push((await ask(...call))[0]);
  deepEqual(statuses, [201, 200, 204]);
});

Deno.test("[U6] an operator whose session has ended, or who is none any more, makes no key", async () => {
  const { stage, process, ask } = await opened();
  await using _ = stage;
  await process.account({ kind: "operator", name: "bus" }, ALICE).setRole({ role: "user" });
  const asked = await ask("keys", "POST", "/v1/api-keys", { name: "Bot", scopes: ["rooms"] });
  deepEqual(asked, [401, "unauthenticated"]);
});
