import assert from "node:assert/strict";
import { FencedError } from "storage/storage.ts";
import {
  account,
  accountFence,
  accountId,
  code,
  createAccounts,
  identity,
  session,
  T,
} from "./account_records.ts";
import type { OpenStorage } from "./opened.ts";

const MAIL = { kind: "email", address: "alice@example.org" } as const;
const PHONE = { kind: "phone", address: "+4930123456" } as const;

export function testAccounts(name: string, open: OpenStorage): void {
  Deno.test(`[D70] ${name}: an account is read as it was created`, async () => {
    await using opened = await open();
    const { accounts } = opened.storage;
    const full = account(1, {
      name: "小明 🎉",
      avatarUrl: "https://example.org/a.png",
      bio: "Grüße\n😀",
      privacy: { bio: "members", presence: "nobody" },
      role: "operator",
      password: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
      identities: [identity("a"), identity("b", { provider: "other", issuer: "https://o.example" })],
      contacts: [MAIL, PHONE],
    });
    const bare = account(2, { state: "removed" });
    assert.equal(await accounts.create(full, 1), "created");
    assert.equal(await accounts.create(bare, 1), "created");
    assert.deepEqual(await accounts.read(full.id), full);
    assert.deepEqual(await accounts.read(bare.id), bare);
    assert.equal(await accounts.read(accountId(3)), undefined);
  });

  Deno.test(`[D71] ${name}: an id, a login and an identity are given once`, async () => {
    await using opened = await open();
    const { accounts } = opened.storage;
    const first = account(1, { identities: [identity("a")] });
    assert.equal(await accounts.create(first, 1), "created");
    assert.equal(await accounts.create({ ...first, name: "Again" }, 2), "exists");
    assert.equal(await accounts.create(account(2, { login: first.login }), 1), "login_taken");
    assert.equal(await accounts.create(account(3, { identities: [identity("a")] }), 1), "identity_taken");
    assert.deepEqual(await accounts.list({ limit: 9 }), [first]);
    assert.equal(await accounts.create(account(3, { identities: [identity("b")] }), 1), "created");
  });

  Deno.test(`[D71] ${name}: an address of another account makes the creation fail as a whole`, async () => {
    await using opened = await open();
    const { accounts } = opened.storage;
    await accounts.create(account(1, { contacts: [MAIL] }), 1);
    const second = account(2, { identities: [identity("b")], contacts: [PHONE, MAIL] });
    await assert.rejects(accounts.create(second, 1), { name: "BarrageError", reason: "conflict" });
    assert.equal(await accounts.read(accountId(2)), undefined);
    assert.equal(await accounts.byIdentity("https://id.example", "b"), undefined);
    assert.equal(await accounts.credentials(PHONE.address), undefined);
  });

  Deno.test(`[D72] ${name}: of creations that race for a login or an identity one succeeds`, async () => {
    await using opened = await open();
    const stores = [opened.storage.accounts, (await opened.another()).accounts];
    for (let round = 0; round < 20; round++) {
      const logins = await Promise.all(
        [1, 2, 3, 4].map((n) =>
          stores[n % 2]?.create(account(round * 10 + n, { login: `login${round}` }), 1)
        ),
      );
      assert.deepEqual(logins.sort(), ["created", "login_taken", "login_taken", "login_taken"]);
      const identities = [identity(`${round}`)];
      const linked = await Promise.all(
        [5, 6, 7, 8].map((n) => stores[n % 2]?.create(account(round * 10 + n, { identities }), 1)),
      );
      assert.deepEqual(linked.sort(), ["created", "identity_taken", "identity_taken", "identity_taken"]);
      const same = account(round * 10 + 9, { identities: [identity(`same ${round}`)] });
      const ids = await Promise.all([1, 2, 3, 4].map((n) => stores[n % 2]?.create(same, 1)));
      assert.deepEqual(ids.sort(), ["created", "exists", "exists", "exists"]);
    }
  });

  Deno.test(`[D73] ${name}: what is written beside a creation is written with it or not at all`, async () => {
    await using opened = await open();
    const { accounts, sessions, revocations } = opened.storage;
    const beside = [
      sessions.put(session(1)),
      sessions.end(["guest"], T),
      accounts.addContact(accountId(1), MAIL),
    ];
    await accounts.create(account(9, { login: "taken" }), 1);
    assert.equal(await accounts.create(account(1, { login: "taken" }), 1, beside), "login_taken");
    assert.equal(await revocations.has("guest"), false);
    assert.equal(await accounts.create(account(1), 1, beside), "created");
    assert.deepEqual(await accounts.read(accountId(1)), account(1, { contacts: [MAIL] }));
    assert.deepEqual(await sessions.of(accountId(1)), [session(1)]);
    assert.equal(await revocations.has("guest"), true);
    const clash = [sessions.end(["other"], T), accounts.addContact(accountId(2), MAIL)];
    await assert.rejects(accounts.create(account(2), 1, clash), { reason: "conflict" });
    assert.equal(await accounts.read(accountId(2)), undefined);
    assert.equal(await revocations.has("other"), false);
  });

  Deno.test(`[D74] ${name}: acquiring an account raises its fence and never lowers it`, async () => {
    await using opened = await open();
    const { accounts, lane } = opened.storage;
    const first = account(1, { identities: [identity("a")], contacts: [MAIL] });
    await accounts.create(first, 1);
    assert.deepEqual(await accounts.acquire(accountId(1), 5), first);
    assert.deepEqual(await accounts.acquire(accountId(1), 5), first);
    await assert.rejects(accounts.acquire(accountId(1), 4), new FencedError(accountFence(1, 4)));
    assert.equal(await accounts.acquire(accountId(2), 1), undefined);
    const zombie = lane.commit(accountFence(1, 4), [accounts.update(accountId(1), { name: "Zombie" })]);
    await assert.rejects(zombie, new FencedError(accountFence(1, 4)));
    await lane.commit(accountFence(1, 5), []);
    assert.deepEqual(await accounts.read(accountId(1)), first);
  });

  Deno.test(`[D75] ${name}: an account is found by its login, an address or an identity`, async () => {
    await using opened = await open();
    const { accounts } = opened.storage;
    const password = "$argon2id$1";
    await accounts.create(account(1, { password, contacts: [MAIL, PHONE] }), 1);
    await accounts.create(account(2, { identities: [identity("a")] }), 1);
    for (const key of [account(1).login, MAIL.address, PHONE.address]) {
      assert.deepEqual(await accounts.credentials(key), { id: accountId(1), password });
    }
    assert.deepEqual(await accounts.credentials(account(2).login), {
      id: accountId(2),
      password: undefined,
    });
    for (const key of ["USER0001", "user0003", "", accountId(1), "bob@example.org"]) {
      assert.equal(await accounts.credentials(key), undefined);
    }
    assert.equal(await accounts.byIdentity("https://id.example", "a"), accountId(2));
    assert.equal(await accounts.byIdentity("https://evil.example", "a"), undefined);
    assert.equal(await accounts.byIdentity("https://id.example", "b"), undefined);
  });

  Deno.test(`[D76] ${name}: accounts are listed by login, page by page, the removed ones too`, async () => {
    await using opened = await open();
    const { accounts } = opened.storage;
    const all = [1, 2, 3, 4, 5].map((n) =>
      account(n, {
        ...(n === 2 && { state: "removed" }),
        identities: [identity(`${n}`)],
        contacts: [{ kind: "email", address: `${n}@example.org` }],
      })
    );
    for (const n of [3, 0, 4, 1, 2]) await accounts.create(all[n] ?? account(9), 1);
    assert.deepEqual(await accounts.list({ limit: 3 }), all.slice(0, 3));
    assert.deepEqual(await accounts.list({ after: "user0003", limit: 3 }), all.slice(3));
    assert.deepEqual(await accounts.list({ after: "user0005", limit: 3 }), []);
  });

  Deno.test(`[D77] ${name}: an update of an account changes what it names and nothing else`, async () => {
    await using opened = await open();
    const { accounts, lane } = opened.storage;
    await createAccounts(opened.storage, 1, 2);
    const patch = {
      name: "New",
      avatarUrl: "https://example.org/a.png",
      bio: "Hello",
      privacy: { bio: "nobody", presence: "members" },
      role: "operator",
      password: "$argon2id$2",
    } as const;
    await lane.commit(accountFence(1), [accounts.update(accountId(1), patch)]);
    assert.deepEqual(await accounts.read(accountId(1)), account(1, patch));
    await lane.commit(accountFence(1), [
      accounts.update(accountId(1), { avatarUrl: "", state: "removed" }),
      accounts.update(accountId(1), {}),
    ]);
    const { avatarUrl: _removed, ...rest } = patch;
    assert.deepEqual(await accounts.read(accountId(1)), account(1, { ...rest, state: "removed" }));
    assert.deepEqual(await accounts.read(accountId(2)), account(2));
  });

  Deno.test(`[D78] ${name}: identities and addresses come and go`, async () => {
    await using opened = await open();
    const { accounts, lane } = opened.storage;
    await createAccounts(opened.storage, 1, 2);
    const id = accountId(1);
    const add = [accounts.addIdentity(id, identity("a")), accounts.addContact(id, MAIL)];
    await lane.commit(accountFence(1), add);
    await lane.commit(accountFence(1), add); // a second time it changes nothing
    const linked = account(1, { identities: [identity("a")], contacts: [MAIL] });
    assert.deepEqual(await accounts.read(id), linked);
    await lane.commit(accountFence(2), [
      accounts.removeIdentity(accountId(2), "example"),
      accounts.removeContact(accountId(2), MAIL),
    ]);
    assert.deepEqual(await accounts.read(id), linked);
    await lane.commit(accountFence(1), [
      accounts.removeIdentity(id, "other"),
      accounts.removeContact(id, { ...MAIL, kind: "phone" }),
      accounts.removeIdentity(id, "example"),
      accounts.removeContact(id, MAIL),
      accounts.addIdentity(id, identity("b")),
    ]);
    assert.deepEqual(await accounts.read(id), account(1, { identities: [identity("b")] }));
  });

  Deno.test(`[D79] ${name}: a unit that claims what another account has is undone and harms no other`, async () => {
    await using opened = await open();
    const { accounts, lane } = opened.storage;
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    await createAccounts(opened.storage, ...numbers);
    await accounts.create(account(90, { identities: [identity("7")], contacts: [MAIL] }), 1);
    await lane.commit(accountFence(13), [accounts.addIdentity(accountId(13), identity("before"))]);
    const units = numbers.map((n) =>
      lane.commit(accountFence(n), [
        accounts.update(accountId(n), { name: "Changed" }),
        accounts.addIdentity(accountId(n), identity(`${n}`)), // 7 is taken, and 13 has one of this provider
        accounts.addContact(accountId(n), n === 17 ? MAIL : { kind: "email", address: `${n}@example.org` }),
      ])
    );
    const settled = await Promise.allSettled(units);
    const failed = settled.flatMap((unit, index) =>
      unit.status === "rejected" ? [[index + 1, (unit.reason as { reason?: string }).reason]] : []
    );
    assert.deepEqual(failed, [[7, "conflict"], [13, "conflict"], [17, "conflict"]]);
    for (const n of numbers) {
      const bad = [7, 13, 17].includes(n);
      const read = await accounts.read(accountId(n));
      assert.equal(read?.name, bad ? `User ${n}` : "Changed");
      assert.equal(read?.contacts.length, bad ? 0 : 1);
    }
    assert.equal(await accounts.byIdentity("https://id.example", "7"), accountId(90));
    assert.equal(await accounts.byIdentity("https://id.example", "17"), undefined);
  });

  Deno.test(`[D79] ${name}: of two nodes that claim the same for two accounts one succeeds`, async () => {
    await using opened = await open();
    const nodes = [opened.storage, await opened.another()] as const;
    await createAccounts(opened.storage, 1, 2);
    for (let round = 0; round < 20; round++) {
      const address = { kind: "email", address: `${round}@example.org` } as const;
      const settled = await Promise.allSettled(nodes.map(({ lane, accounts }, index) => {
        const id = accountId(index + 1);
        return lane.commit(accountFence(index + 1), [accounts.addContact(id, address)]);
      }));
      assert.deepEqual(settled.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
    }
    const kept = await opened.storage.accounts.list({ limit: 9 });
    assert.equal(kept.flatMap(({ contacts }) => contacts).length, 20);
  });

  Deno.test(`[D80] ${name}: erasing leaves the login, and nothing personal`, async () => {
    await using opened = await open();
    const { accounts, sessions, lane } = opened.storage;
    const beside = (n: number) => [
      sessions.put(session(n, { accountId: accountId(n) })),
      sessions.putCode(code({ accountId: accountId(n) })),
    ];
    const rich = {
      avatarUrl: "https://example.org/a.png",
      bio: "Hello",
      privacy: { bio: "nobody", presence: "nobody" },
      role: "operator",
      password: "$argon2id$1",
    } as const;
    const first = account(1, { ...rich, identities: [identity("a")], contacts: [MAIL] });
    const second = account(2, { ...rich, identities: [identity("b")], contacts: [PHONE] });
    await accounts.create(first, 1, beside(1));
    await accounts.create(second, 1, beside(2));
    await lane.commit(accountFence(1), [
      accounts.update(accountId(1), { state: "removed" }),
      accounts.erase(accountId(1)),
    ]);
    assert.deepEqual(await accounts.read(accountId(1)), account(1, { name: "", state: "removed" }));
    assert.deepEqual(await sessions.of(accountId(1)), []);
    assert.deepEqual(await sessions.codes(accountId(1)), []);
    assert.deepEqual(await accounts.read(accountId(2)), second);
    assert.equal((await sessions.of(accountId(2))).length, 1);
    assert.equal((await sessions.codes(accountId(2))).length, 1);
    assert.deepEqual(await accounts.credentials(first.login), { id: accountId(1), password: undefined });
    assert.equal(await accounts.create(account(3, { login: first.login }), 1), "login_taken");
    const again = account(4, { identities: [identity("a")], contacts: [MAIL] });
    assert.equal(await accounts.create(again, 1), "created");
  });
}
