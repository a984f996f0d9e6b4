import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { NewLogin } from "protocol/accounts.ts";
import { Claims } from "routes/oidc/claims.ts";
import { nameFrom, proposeLogins } from "routes/oidc/newcomers.ts";

function first(claims: unknown): string {
  return [...proposeLogins(Claims.parse(claims))][0] ?? "";
}

Deno.test("[A77] a login is made of the user name, else of the address, as far as a login may be like that", () => {
  const made: [Record<string, unknown>, string][] = [
    [{ preferred_username: "Alice.B" }, "alice.b"],
    [{ preferred_username: "alice@corp.example" }, "alice"],
    [{ email: "bob+news@example.org" }, "bob-news"],
    [{ preferred_username: "José Ñandú" }, "jose-nandu"],
    [{ preferred_username: "..-x-y-.." }, "x-y"],
    [{ preferred_username: "ab", email: "abc@example.org" }, "abc"],
    [{ preferred_username: "Administrator", email: "adam@example.org" }, "adam"],
    [{ preferred_username: "x".repeat(99) }, "x".repeat(32)],
    [{ preferred_username: "a\r\nb c" }, "a-b-c"],
  ];
  for (const [claims, login] of made) equal(first(claims), login, JSON.stringify(claims));
  for (
    const claims of [{}, { preferred_username: "王小明" }, { preferred_username: 7, email: ["a@b.c"] }, {
      email: "@",
    }]
  ) {
    match(first(claims), /^user-[0-9a-f]{8}$/);
  }
});

Deno.test("[A77] when it is taken there are others, all of them good and none to be guessed", () => {
  const proposed = [...proposeLogins({ preferred_username: "x".repeat(99) })];
  equal(proposed.length, 6);
  equal(new Set(proposed).size, 6);
  for (const login of proposed) deepEqual(NewLogin.parse(login), login);
  notEqual(proposed[1], [...proposeLogins({ preferred_username: "x".repeat(99) })][1]);
});

Deno.test("[A77] a name that deceives, or that nobody could read, is not taken over", () => {
  const named: [Record<string, unknown>, string | undefined][] = [
    [{ name: "Ann B." }, "Ann B."],
    [{ name: "  Al\u202eice\r\n" }, "Alice"],
    [{ name: "y".repeat(99) }, "y".repeat(32)],
    [{ name: "System", preferred_username: "sys" }, "sys"],
    [{ name: "Аlice" }, undefined],
    [{ name: "\u200b" }, undefined],
    [{ name: { first: "Ann" } }, undefined],
    [{}, undefined],
  ];
  for (const [claims, name] of named) equal(nameFrom(Claims.parse(claims)), name, JSON.stringify(claims));
  ok(nameFrom({ name: "王小明" }) === "王小明");
});
