import { deepEqual } from "node:assert/strict";
import type { CloseReason } from "protocol/close_codes.ts";
import { type Holder, TokenDesk } from "routes/gateway/token_desk.ts";
import type { Verified } from "routes/verifier.ts";
import { RevocationStage } from "tests/support/revocation_stage.ts";
import { person, ulid } from "tests/support/room_stage.ts";

const [ONE, TWO] = [ulid(11), ulid(22)];

/** A desk, and holders that note why they are closed. */
async function open() {
  await using started = new AsyncDisposableStack();
  const stage = started.use(await RevocationStage.open());
  const { revocations } = await stage.start();
  const desk = started.use(new TokenDesk(revocations, stage.clock));
  const closed: string[] = [];
  const holder = (name: string): Holder => {
    const self = {
      close(reason: CloseReason) {
        closed.push(`${name} ${reason}`);
        desk.leave(self);
      },
    };
    return self;
  };
  const owned = started.move();
  const end = (id: string) => {
    const body = JSON.stringify({ sessions: [{ id, until: stage.now + 60_000 }] });
    return stage.publish("barrage.v1.evt.account.X.ended", body);
  };
  const { clock } = stage;
  return {
    stage,
    clock,
    desk,
    closed,
    holder,
    end,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

function token(session: string, expiresAt = Infinity): Verified {
  return { caller: { kind: "user", user: person(1), standing: "member", session }, expiresAt };
}

Deno.test("[S15] what rests on a token is closed within a second of its end, and not before", async () => {
  await using rig = await open();
  const { clock, desk, closed, holder } = rig;
  desk.enter(holder("short"), token(ONE, clock.now() + 5_000));
  desk.enter(holder("long"), token(ONE, clock.now() + 60_000));
  await clock.advance(4_999);
  deepEqual(closed, []);
  await clock.advance(1_001);
  deepEqual(closed, ["short token_expired"]);
  await clock.advance(60_000);
  deepEqual(closed, ["short token_expired", "long token_expired"]);
});

Deno.test("[S14] a newer token takes the place of the one before", async () => {
  await using rig = await open();
  const { clock, desk, closed, holder } = rig;
  const renewed = holder("renewed");
  desk.enter(renewed, token(ONE, clock.now() + 5_000));
  desk.enter(renewed, token(ONE, clock.now() + 20_000));
  await clock.advance(15_000);
  deepEqual(closed, []);
  await rig.end(ONE);
  deepEqual(closed, ["renewed unauthenticated"]);
});

Deno.test("[S16] all that rests on an ended session is closed at once, and nothing else", async () => {
  await using rig = await open();
  const { desk, closed, holder } = rig;
  const gone = holder("gone");
  desk.enter(gone, token(ONE));
  desk.enter(holder("first"), token(ONE));
  desk.enter(holder("second"), token(ONE));
  desk.enter(holder("other"), token(TWO));
  desk.leave(gone);
  await rig.end(ONE);
  deepEqual(closed, ["first unauthenticated", "second unauthenticated"]);
  await rig.end(TWO);
  deepEqual(closed.at(-1), "other unauthenticated");
});

Deno.test("[S16] what rests on another session than before ends with that one", async () => {
  await using rig = await open();
  const { desk, closed, holder } = rig;
  const changed = holder("changed");
  desk.enter(changed, token(ONE));
  desk.enter(changed, token(TWO));
  await rig.end(ONE);
  deepEqual(closed, []);
  await rig.end(TWO);
  deepEqual(closed, ["changed unauthenticated"]);
});

Deno.test("[S16] whoever comes just after the end of the session is closed too", async () => {
  await using rig = await open();
  const { desk, closed, holder } = rig;
  await rig.end(ONE);
  desk.enter(holder("late"), token(ONE));
  deepEqual(closed, ["late unauthenticated"]);
});

Deno.test("[S16] a lost event closes with the next look", async () => {
  await using rig = await open();
  const { stage, clock, desk, closed, holder } = rig;
  desk.enter(holder("one"), token(ONE));
  await stage.revoke(ONE);
  await clock.advance(3_000);
  deepEqual(closed, ["one unauthenticated"]);
});
