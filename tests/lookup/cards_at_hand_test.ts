import { deepEqual, equal } from "node:assert/strict";
import { ANONYMOUS, type Caller } from "actors/runtime/caller.ts";
import { CardDesk } from "routes/card_desk.ts";
import { CardsAtHand } from "routes/cards_at_hand.ts";
import { ulid } from "tests/support/room_stage.ts";
import { ReadStage } from "tests/support/read_stage.ts";

const ROOM = ulid(7);
/** As the stage has it. */
const OWNER = ulid(999_999);
const HOME = "http://localhost:8080";

function user(id: string, standing: "guest" | "member" | "operator" = "member"): Caller {
  return { kind: "user", user: { id, name: "Somebody" }, standing, session: ulid(1) };
}

function service(scopes: ("rooms" | "accounts")[]): Caller {
  return { kind: "service", user: { id: ulid(50), name: "Bot" }, scopes };
}

async function open() {
  const stage = await ReadStage.open(["a"]);
  await stage.createRoom(ROOM, "v1");
  const { reader } = stage.node("a");
  const desk = new CardDesk(reader);
  const facts = { caller: ANONYMOUS as Caller | undefined, closed: false };
  const cards = new CardsAtHand({
    cards: desk,
    directory: { onlineOf: () => 3 },
    authenticator: { callerAtHand: () => facts.caller },
    border: {
      get closed() {
        return facts.closed;
      },
    },
    staleMs: stage.limits.staleMs,
  });
  const ask = (url = `${HOME}/v1/rooms/${ROOM}`, init: RequestInit = {}) =>
    cards.answer(new Request(url, init));
  return {
    ...{ stage, reader, facts, ask },
    /** As the app does. */
    read: (caller: Caller) => stage.run(desk.room(ROOM, caller)),
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

Deno.test("[LK44] a card is at hand while the node's own memory has it, and is counted then", async () => {
  await using site = await open();
  const { stage, reader, ask } = site;
  equal(ask(), undefined);
  await site.read(ANONYMOUS);
  const before = reader.stats.first;
  const answer = ask()!;
  equal(answer.status, 200);
  equal(answer.headers.get("etag"), `W/"1.3"`);
  const { title, online } = await answer.json();
  deepEqual([title, online], ["v1", 3]);
  equal(ask(undefined, { headers: { "if-none-match": `W/"1.3"` } })?.status, 304);
  equal(reader.stats.first, before + 2);
  // Who has seen a later version is shown none before it, and one that has changed is read again.
  equal(ask(undefined, { headers: { "if-none-match": `W/"2.3"` } }), undefined);
  await stage.rename(ROOM, "v2", "a");
  equal(ask(), undefined);
  await site.read(ANONYMOUS);
  equal((await ask()!.json()).title, "v2");
  await stage.clock.advance(stage.limits.firstMs);
  equal(ask(), undefined);
});

Deno.test("[LK44] [LK11] no card is at hand for whoever may change it", async () => {
  await using site = await open();
  await site.read(ANONYMOUS);
  const rows: [Caller, boolean][] = [
    [ANONYMOUS, true],
    [user(ulid(2), "guest"), true],
    [user(ulid(2)), true],
    [user(OWNER), false],
    [user(OWNER, "guest"), false],
    [user(ulid(2), "operator"), false],
    [service(["rooms"]), false],
    [service(["accounts"]), true],
  ];
  for (const [caller, expected] of rows) {
    site.facts.caller = caller;
    equal(site.ask() !== undefined, expected, JSON.stringify(caller));
  }
});

Deno.test("[LK44] [LK11] no account is at hand for itself, operators and those who manage accounts", () => {
  const id = ulid(2);
  const card = { id, login: "ben", name: "Ben", bio: "", bioFor: "everyone", state: "active", createdAt: 1 };
  const kept = { version: 1, json: JSON.stringify(card), ageMs: 0 };
  const desk = new CardDesk({ read: () => Promise.resolve(kept), atHand: () => kept });
  const rows: [Caller, boolean][] = [
    [ANONYMOUS, true],
    [user(ulid(3), "guest"), true],
    [user(ulid(3)), true],
    [service(["rooms"]), true],
    [service(["accounts"]), false],
    [user(id), false],
    [user(ulid(3), "operator"), false],
  ];
  for (const [caller, expected] of rows) {
    equal(desk.userAtHand(id, caller, 0) !== undefined, expected, JSON.stringify(caller));
  }
});

Deno.test("[LK44] the app answers what is not that plain", async () => {
  await using site = await open();
  await site.read(ANONYMOUS);
  for (
    const path of [
      ...[`/v1/rooms/${ROOM}?x=1`, `/v1/rooms/${ROOM}/`, `/v1/rooms/${ROOM}/mutes`, `/v1/rooms/x`],
      ...[
        `/v1/rooms/${ROOM.slice(0, 25)}U`,
        `/v1/users/${ROOM}`,
        `//v1/rooms/${ROOM}`,
        `/x/v1/rooms/${ROOM}`,
      ],
    ]
  ) equal(site.ask(HOME + path), undefined, path);
  for (const method of ["HEAD", "DELETE", "OPTIONS"]) equal(site.ask(undefined, { method }), undefined);
  equal(site.ask(undefined, { headers: { origin: "https://elsewhere.example" } }), undefined);
  site.facts.closed = true;
  equal(site.ask(), undefined);
  site.facts.closed = false;
  site.facts.caller = undefined;
  equal(site.ask(), undefined);
  site.facts.caller = ANONYMOUS;
  equal(site.ask()?.status, 200);
});
