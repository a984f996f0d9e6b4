import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { ApiKeyChecker } from "routes/api_key_checker.ts";
import { makeKeyText, readKeyText } from "routes/api_key_text.ts";
import type { ApiKeyRecord } from "storage/account_storage.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { Storage } from "storage/storage.ts";
import { ulid } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

const DAY = 86_400_000;
const REFUSED = { reason: "unauthenticated", message: "The key is not valid" };

/** A checker on a real store that counts what is read. */
class CheckerStage implements AsyncDisposable {
  readonly checker: ApiKeyChecker;
  reads = 0;

  private constructor(readonly clock: VirtualClock, readonly storage: Storage) {
    this.checker = this.newChecker();
  }

  static async open(): Promise<CheckerStage> {
    const clock = new VirtualClock();
    // At 0 the cache would keep things for ever.
    await clock.advance(1);
    return new CheckerStage(clock, await openSqlite({ path: ":memory:", clock: () => clock.now() }));
  }

  newChecker(): ApiKeyChecker {
    const read = (id: string) => {
      this.reads++;
      return this.storage.apiKeys.read(id);
    };
    return new ApiKeyChecker({ read }, this.clock);
  }

  /** A key for a year; its text. */
  async key(n: number, changed: Partial<ApiKeyRecord> = {}): Promise<string> {
    const id = ulid(n);
    const text = makeKeyText(id);
    await this.storage.apiKeys.create({
      ...{ id, name: `Key ${n}`, scopes: ["rooms"], hash: readKeyText(text)!.hash, createdBy: "test" },
      ...{ createdAt: this.clock.now(), expiresAt: this.clock.now() + 365 * DAY },
      ...changed,
    });
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.storage[Symbol.asyncDispose]();
  }
}

Deno.test("[U5] a key is bk_, its id and 43 random characters, and its hash is not in it", () => {
  const [one, other] = [makeKeyText(ulid(1)), makeKeyText(ulid(1))];
  match(one, /^bk_0{25}1_[\w-]{43}$/);
  notEqual(one, other);
  const { id, hash } = readKeyText(one)!;
  equal(id, ulid(1));
  match(hash, /^[\w-]{43}$/);
  equal(one.includes(hash), false);
});

Deno.test("[U7] a good key stands for a service under its name, with its scopes, until it ends", async () => {
  await using stage = await CheckerStage.open();
  const text = await stage.key(1, { scopes: ["messages", "audit"] });
  const { caller, expiresAt } = await stage.checker.verify(text);
  deepEqual(caller, {
    kind: "service",
    user: { id: ulid(1), name: "Key 1" },
    scopes: ["messages", "audit"],
  });
  equal(expiresAt, stage.clock.now() + 365 * DAY);
  stage.clock.pause(365 * DAY);
  await stage.clock.advance(0);
  await rejects(stage.checker.verify(text), REFUSED);
});

Deno.test("[U7] no other text is taken, and none is told why", async () => {
  await using stage = await CheckerStage.open();
  const good = await stage.key(1);
  const other = await stage.key(2);
  const bad = [
    "bk_",
    "",
    `${good} `,
    `${good}x`,
    good.slice(0, -1),
    `${good.slice(0, -1)}${good.endsWith("A") ? "B" : "A"}`,
    good.replace(ulid(1), ulid(2)),
    good.replace(ulid(1), ulid(3)),
    good.slice(0, 30) + other.slice(30),
    good.replace("bk_", "BK_"),
    good.toLowerCase(),
  ];
  for (const text of bad) await rejects(stage.checker.verify(text), REFUSED, text);
  await stage.checker.verify(good);
});

Deno.test("[U7] a key that was revoked before it was first shown is refused", async () => {
  await using stage = await CheckerStage.open();
  const text = await stage.key(1);
  await stage.storage.apiKeys.revoke(ulid(1), stage.clock.now());
  await rejects(stage.checker.verify(text), REFUSED);
});

Deno.test("[U9] a key is read once in ten minutes, however often and however many at a time show it", async () => {
  await using stage = await CheckerStage.open();
  const text = await stage.key(1);
  await Promise.all(Array.from({ length: 100 }, () => stage.checker.verify(text)));
  await stage.clock.advance(599_999);
  await stage.checker.verify(text);
  equal(stage.reads, 1);
  await stage.clock.advance(2);
  await stage.checker.verify(text);
  equal(stage.reads, 2);
});

Deno.test("[U9] an id that no key has is looked for once a minute", async () => {
  await using stage = await CheckerStage.open();
  const text = makeKeyText(ulid(1));
  for (let n = 0; n < 100; n++) await rejects(stage.checker.verify(text), REFUSED);
  equal(stage.reads, 1);
  await stage.clock.advance(60_001);
  await rejects(stage.checker.verify(text), REFUSED);
  equal(stage.reads, 2);
});

Deno.test("[U9] a flood of made-up ids costs 200 reads and then 50 a second; keys known by then go on", async () => {
  await using stage = await CheckerStage.open();
  const known = await stage.key(1);
  await stage.checker.verify(known);
  const flood = async (from: number, to: number) => {
    let overloaded = 0;
    for (let n = from; n < to; n++) {
      await stage.checker.verify(makeKeyText(ulid(n))).catch(({ reason }) => {
        if (reason === "overloaded") overloaded++;
      });
    }
    return overloaded;
  };
  equal(await flood(100, 1_100), 801);
  equal(stage.reads, 200);
  await stage.checker.verify(known);
  await stage.clock.advance(1_000);
  equal(await flood(2_000, 3_000), 950);
  await stage.checker.verify(known);
});

Deno.test("[U8] the node that revokes a key forgets it, before any event comes", async () => {
  await using stage = await CheckerStage.open();
  const text = await stage.key(1);
  await stage.checker.verify(text);
  await stage.storage.apiKeys.revoke(ulid(1), stage.clock.now());
  await stage.checker.verify(text);
  stage.checker.forget(ulid(1));
  await rejects(stage.checker.verify(text), REFUSED);
});
