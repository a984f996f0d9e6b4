import { equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { Drops } from "actors/runtime/drops.ts";
import { Passwords, type PasswordsOptions } from "routes/passwords.ts";

const PASSWORD = "correct horse battery";
/** Cheap, where the cost does not matter. */
const CHEAP = { memoryKib: 8_192, iterations: 1 };
/** What OWASP advises. */
const USUAL = { memoryKib: 19_456, iterations: 2 };

function open(options: Partial<PasswordsOptions> = {}): Passwords {
  return new Passwords({ workers: 1, queueMax: 64, cost: CHEAP, drops: new Drops(), ...options });
}

Deno.test("[S32] a hash is argon2id in PHC format, with the cost that was asked for, and never the same again", async () => {
  using passwords = open({ cost: USUAL });
  const hash = await passwords.choose(PASSWORD, []);
  match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  notEqual(await passwords.hash(PASSWORD), hash);
  ok(!hash.includes(PASSWORD));
});

Deno.test("[S32] a password fits its own hash and no other does", async () => {
  using passwords = open();
  const hash = await passwords.hash(PASSWORD);
  equal(await passwords.verify(hash, PASSWORD), true);
  for (const wrong of ["correct horse batterx", PASSWORD.toUpperCase(), `${PASSWORD} `, ""]) {
    equal(await passwords.verify(hash, wrong), false);
  }
});

Deno.test("[S32] a hash of another implementation is understood", async () => {
  using passwords = open();
  // Made by the reference implementation.
  const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  equal(await passwords.verify(hash, "password"), true);
  equal(await passwords.verify(hash, "differentpassword"), false);
});

Deno.test("[S33] nobody's password takes as long as somebody's, and fits never", async () => {
  using passwords = open({ cost: USUAL });
  const hash = await passwords.hash(PASSWORD);
  const taken = { somebody: [] as number[], nobody: [] as number[] };
  for (let n = 0; n < 8; n++) {
    for (const [who, stored] of [["somebody", hash], ["nobody", undefined]] as const) {
      const begun = performance.now();
      equal(await passwords.verify(stored, "wrong password"), false);
      taken[who].push(performance.now() - begun);
    }
  }
  // The quickest of each: whatever else runs on the machine only adds to them.
  const [somebody, nobody] = [Math.min(...taken.somebody), Math.min(...taken.nobody)];
  ok(Math.max(somebody, nobody) < 2 * Math.min(somebody, nobody), `${somebody} ms and ${nobody} ms`);
});

Deno.test("[S34] the commonest passwords, the login and the name are refused", async () => {
  using passwords = open();
  const known = ["mallory1", "Mallory Ünique"];
  for (const common of ["password", "12345678", "PASSWORD1", "QwertyUiop", "iloveyou1"]) {
    await rejects(passwords.choose(common, known), {
      reason: "invalid_params",
      message: "Cannot use body.password: it is one of the commonest passwords",
      details: { path: "body.password" },
    });
  }
  for (const own of ["mallory1", "MALLORY1", "mallory ünique"]) {
    await rejects(passwords.choose(own, known), {
      reason: "invalid_params",
      message: "Cannot use body.password: it is the login or the name",
    });
  }
  equal(await passwords.verify(await passwords.choose(PASSWORD, known), PASSWORD), true);
});

Deno.test("[S35] a hash of another cost is to be made anew", async () => {
  using cheap = open();
  using usual = open({ cost: USUAL });
  const hash = await cheap.hash(PASSWORD);
  equal(cheap.needsRehash(hash), false);
  equal(usual.needsRehash(hash), true);
  equal(await usual.verify(hash, PASSWORD), true);
  for (
    const other of ["", "$2b$10$abc", "$argon2i$v=19$m=8192,t=1,p=1$a$b", "$argon2id$v=19$m=8192,t=1,p=2$a$b"]
  ) {
    equal(cheap.needsRehash(other), true);
  }
});

Deno.test("[S36] while passwords are hashed the event loop goes on", async () => {
  using passwords = open({ cost: USUAL, workers: 2, queueMax: 100 });
  await passwords.hash(PASSWORD);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  await Promise.all(Array.from({ length: 12 }, () => passwords.hash(PASSWORD)));
  clearInterval(timer);
  // Between hashes it would go on anyway, once for each.
  ok(ticks > 3 * 12, `${ticks} ticks`);
});

Deno.test("[S36] over the bound a password is refused with the time to wait, and the others are checked", async () => {
  const drops = new Drops();
  using passwords = open({ queueMax: 3, drops });
  const hash = await passwords.hash(PASSWORD);
  const taken = Array.from({ length: 4 }, () => passwords.verify(hash, PASSWORD));
  await rejects(passwords.verify(hash, PASSWORD), (error: Error & { details: { retryAfterMs: number } }) => {
    equal((error as Error & { reason?: string }).reason, "overloaded");
    ok(error.details.retryAfterMs > 0);
    return true;
  });
  equal(drops.of("passwords", "overloaded"), 1);
  for (const fits of await Promise.all(taken)) equal(fits, true);
  equal(await passwords.verify(hash, PASSWORD), true);
});

Deno.test("[S36] a hash that is none fails its own check only", async () => {
  using passwords = open();
  const hash = await passwords.hash(PASSWORD);
  const broken = rejects(passwords.verify("garbage", PASSWORD), /^Error: Cannot hash a password/);
  equal(await passwords.verify(hash, PASSWORD), true);
  await broken;
});

Deno.test("[S36] at the end whoever still waits is told so", async () => {
  const passwords = open();
  const waiting = [passwords.hash(PASSWORD), passwords.hash(PASSWORD)];
  const told = Promise.all(waiting.map((one) => rejects(one, { reason: "unavailable" })));
  passwords[Symbol.dispose]();
  await told;
  await rejects(passwords.hash(PASSWORD), { reason: "unavailable" });
});
