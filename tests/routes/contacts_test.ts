import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { Drops } from "actors/runtime/drops.ts";
import { CodeDelivery } from "routes/code_delivery.ts";
import { CodeDesk } from "routes/code_desk.ts";
import { CodeLimits } from "routes/code_limits.ts";
import { contactRoutes } from "routes/contacts.ts";
import { Passwords } from "routes/passwords.ts";
import { RefusedSignIns } from "routes/refused_sign_ins.ts";
import type { UserCaller } from "routes/tokens.ts";
import { OutboxSender } from "senders/outbox.ts";
import { MemoryCache } from "storage/cache/memory.ts";
import { AccountStage, ALICE } from "tests/support/account_stage.ts";
import { Outbox } from "tests/support/outbox.ts";

const MINUTE = 60_000;
const PATH = "/v1/account/contacts";

/** Alice, just signed in, before the routes of her contacts. */
async function open() {
  await using owned = new AsyncDisposableStack();
  const { stage, process } = await AccountStage.withAlice();
  owned.use(stage);
  const { clock, storage } = stage;
  const drops = new Drops();
  const folder = await Deno.makeTempDir({ prefix: "barrage-contacts-" });
  owned.defer(() => Deno.remove(folder, { recursive: true }));
  const passwords = owned.use(
    new Passwords({ cost: { memoryKib: 8_192, iterations: 1 }, workers: 1, queueMax: 9, drops }),
  );
  const { ids } = process.node.ports;
  const refused = owned.use(new RefusedSignIns({ audit: storage.audit, ids, clock, drops, subjectsMax: 9 }));
  const senders = { email: new OutboxSender(`${folder}/outbox`), phone: undefined };
  const delivery = new CodeDelivery({ senders, timeoutMs: 5_000, max: 9, drops });
  const caller = await process.signIn(1) as UserCaller;
  const app = contactRoutes({
    node: process.node,
    authenticator: { identify: () => Promise.resolve({ caller, expiresAt: clock.now() + MINUTE }) },
    codes: new CodeDesk({ sessions: storage.sessions, passwords, delivery, minutes: 10 }),
    limits: new CodeLimits({
      cache: new MemoryCache(() => clock.monotonic()),
      ...{ perMinute: 99, triesPerMinute: 99, perHour: 99 },
    }),
    refused,
  });
  const ask = async (method: string, path: string, body?: object): Promise<string> => {
    const init = body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await app.request(path, { method, ...init }, { address: "203.0.113.7" });
    return response.ok ? "ok" : (await response.json()).reason;
  };
  const all = owned.move();
  return { stage, ask, outbox: new Outbox(folder), [Symbol.asyncDispose]: () => all.disposeAsync() };
}

Deno.test("[A40] sending, adding and removing need a password given a short while ago", async () => {
  await using alice = await open();
  const all = async (address: string) => {
    const begun = await alice.ask("POST", PATH, { kind: "email", address });
    const code = begun === "ok" ? (await alice.outbox.next()).code : "12345678";
    return [
      begun,
      await alice.ask("POST", `${PATH}/confirm`, { code }),
      await alice.ask("DELETE", `${PATH}/email/${address}`),
    ];
  };
  deepEqual(await all("one@example.org"), ["ok", "ok", "ok"]);
  await alice.stage.jump(10 * MINUTE);
  deepEqual(await all("two@example.org"), Array(3).fill("confirmation_required"));
});

Deno.test("[A43] a code is kept as argon2id with a salt of its own", async () => {
  await using alice = await open();
  const salts = new Set<string>();
  for (let n = 0; n < 2; n++) {
    equal(await alice.ask("POST", PATH, { kind: "email", address: "alice@example.org" }), "ok");
    const [{ codeHash } = { codeHash: "" }] = await alice.stage.storage.sessions.codes(ALICE);
    match(codeHash, /^\$argon2id\$v=19\$m=8192,t=1,p=1\$[^$]{22}\$[^$]{43}$/);
    salts.add(codeHash.split("$")[4]!);
    await alice.stage.clock.advance(MINUTE);
  }
  equal(salts.size, 2);
});

Deno.test("[A43] [A46] what is typed in is hashed as what was sent, and for nobody at the same cost", async () => {
  const drops = new Drops();
  using passwords = new Passwords({
    ...{ cost: { memoryKib: 8_192, iterations: 1 }, workers: 1, queueMax: 9, drops },
  });
  // As it was hashed before the cost was changed.
  const sent = "$argon2id$v=19$m=8200,t=2,p=1$c2FsdHNhbHRzYWx0$";
  const hash = await passwords.hashLike(`${sent}x`, "12345678");
  equal(hash.startsWith(sent), true);
  equal(await passwords.hashLike(hash, "12345678"), hash);
  notEqual(await passwords.hashLike(hash, "12345679"), hash);
  match(
    await passwords.hashLike(undefined, "12345678"),
    /^\$argon2id\$v=19\$m=8192,t=1,p=1\$[^$]{22}\$[^$]{43}$/,
  );
});

Deno.test("[A47] an address that nothing reaches is refused", async () => {
  await using alice = await open();
  equal(await alice.ask("POST", PATH, { kind: "phone", address: "+49301234567" }), "invalid_params");
  deepEqual(await alice.stage.storage.sessions.codes(ALICE), []);
});
