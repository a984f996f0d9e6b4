import { Barrage, BarrageCallError, type Room as LiveRoom } from "client/mod.ts";
import { ERRORS } from "protocol/errors.ts";
import { showMissing } from "../lobby/missing_page.ts";
import type { SayItem } from "../protocol_types.ts";
import { readRoom, type Room } from "../shell/api.ts";
import { clone, find } from "../shell/dom.ts";
import type { Shell } from "../shell/shell.ts";
import { Authorship } from "./authorship.ts";
import { Chat } from "./chat.ts";
import { Composer } from "./composer.ts";
import { ConnectionPill } from "./connection_pill.ts";
import { Player } from "./player.ts";
import { RoomHead } from "./room_head.ts";
import { Skipped } from "./skipped.ts";

export async function showRoom(shell: Shell, id: string): Promise<void> {
  let room: Room;
  try {
    room = await readRoom(id);
  } catch (error) {
    if (!(error instanceof BarrageCallError)) throw error;
    return showMissing(shell.main, wordsFor(error));
  }
  startRoom(shell, room);
}

function wordsFor({ reason }: BarrageCallError): { title: string; note: string; retry: boolean } {
  switch (reason) {
    case "not_found":
    case "invalid_params":
    case "gone":
      return {
        title: "Nothing is playing here",
        note: "This room does not exist, or its owner has removed it.",
        retry: false,
      };
    default:
      return {
        title: "The server cannot be reached",
        note: "Try again in a moment; the room waits.",
        retry: true,
      };
  }
}

function startRoom(shell: Shell, room: Room): void {
  const { main, account } = shell;
  main.replaceChildren(clone("room-page"));
  document.body.dataset.page = "room";
  const barrage = new Barrage({
    url: location.origin,
    getToken: async ({ rejected }) => {
      const { token } = await (rejected ? account.renew() : account.guest());
      shell.showName();
      return token;
    },
  });
  const live = barrage.room(room.id);
  const authorship = new Authorship(() => account.userId);
  const player = new Player(find(main, ".player", HTMLElement), room.id);
  const chat = new Chat(find(main, ".chat", HTMLElement));
  const skipped = new Skipped((text) => chat.notice(text));
  const pill = new ConnectionPill(
    find(main, ".pill", HTMLElement),
    find(document, "#announcer", HTMLElement),
    () => barrage.reconnect(),
  );
  const composer = new Composer(find(main, ".composer", HTMLFormElement), {
    textMax: room.settings.textMax,
    send: async (text, style) => {
      authorship.said(text);
      await live.say(text, style && { style });
    },
  });
  const head = new RoomHead(find(main, ".room-head", HTMLElement), room, account.ownerOf(room), end);

  function end(): void {
    pill.end();
    player.end();
    head.end();
    composer.end("This room has ended");
  }

  const isOwn = (item: SayItem) => authorship.isOwn(item);
  live.on("items", (items, source) => {
    if (source === "replay") return chat.replay(items, isOwn);
    for (const item of items) chat.say(item, isOwn(item));
    player.show(items, isOwn);
  });
  live.on("online", (count) => player.setOnline(count));
  live.on("dropped", (dropped) => skipped.add(dropped));
  live.on("gap", ({ dropped }) => skipped.add(dropped));
  live.on("ended", end);
  barrage.on("state", (state) => pill.show(state));
  shell.named.addEventListener("renamed", () => barrage.reconnect());
  addEventListener("online", () => barrage.state.status === "waiting" && barrage.reconnect());
  pauseWhileHidden(live, skipped);
  player.setOnline(room.online);
  if (room.state === "ended") end();
  enter(live, shell.main, end);
}

/** A hidden tab asks for summaries only; what passed meanwhile is told when it is seen again. */
function pauseWhileHidden(live: LiveRoom, skipped: Skipped): void {
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) skipped.hidden();
    else skipped.visible();
    const done = document.hidden ? live.pause() : live.unpause();
    done.catch((error: unknown) => console.info("Cannot change what this tab receives", error));
  });
}

async function enter(live: LiveRoom, main: HTMLElement, ended: () => void): Promise<void> {
  try {
    await live.join();
  } catch (error) {
    if (!(error instanceof BarrageCallError)) throw error;
    if (error.reason === "gone") return ended();
    if (ERRORS[error.reason].retry) return await enter(live, main, ended);
    showMissing(main, wordsFor(error));
  }
}
