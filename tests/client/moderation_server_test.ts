import { deepEqual, equal, rejects } from "node:assert/strict";
import { appointModerator, Barrage, createGuest, dismissModerator, mutesOf } from "client/mod.ts";
import { startServer } from "tests/support/server.ts";
import { openRoom } from "./support/live_room.ts";

Deno.test("[C115] a moderator mutes and unmutes, for as long as he is one", async () => {
  await using server = await startServer();
  const { url } = server;
  const { id: room, token } = await openRoom(url);
  const moderator = await createGuest({ url, name: "Moe" });
  const noisy = await createGuest({ url, name: "Nick" });
  await using moes = new Barrage({ url, token: moderator.token });
  await using nicks = new Barrage({ url, token: noisy.token });
  await Promise.all([moes.room(room).join(), nicks.room(room).join()]);
  const mute = () => moes.room(room).mute(noisy.user.id, 60_000);

  await rejects(mute(), { reason: "forbidden" });
  await rejects(appointModerator({ url, token: noisy.token, room, user: noisy.user.id }), {
    reason: "forbidden",
  });
  const { moderators } = await appointModerator({ url, token, room, user: moderator.user.id });
  deepEqual(moderators, [moderator.user.id]);
  const { until } = await mute();
  await rejects(nicks.room(room).say("la la"), { reason: "muted" });
  deepEqual(await mutesOf({ url, token: moderator.token, room }), [{ user: noisy.user.id, until }]);
  await moes.room(room).unmute(noisy.user.id);
  await nicks.room(room).say("la la");
  deepEqual(await mutesOf({ url, token, room }), []);
  await dismissModerator({ url, token, room, user: moderator.user.id });
  await dismissModerator({ url, token, room, user: moderator.user.id });
  equal(await mute().catch(({ reason }) => reason), "forbidden");
});
