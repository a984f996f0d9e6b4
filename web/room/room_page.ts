import { BarrageCallError } from "client/mod.ts";
import { showMissing } from "../lobby/missing_page.ts";
import { readRoom, type Room } from "../shell/api.ts";
import { clone } from "../shell/dom.ts";
import type { Shell } from "../shell/shell.ts";
import { LiveView } from "./live_view.ts";

export async function showRoom(shell: Shell, id: string): Promise<void> {
  let room: Room;
  try {
    room = await readRoom(id);
  } catch (error) {
    if (!(error instanceof BarrageCallError)) throw error;
    return showFailure(shell.main, error);
  }
  shell.main.replaceChildren(clone("room-page"));
  document.body.dataset.page = "room";
  new LiveView(shell, room, (error) => showFailure(shell.main, error)).start();
}

function showFailure(main: HTMLElement, { reason }: BarrageCallError): void {
  switch (reason) {
    case "not_found":
    case "invalid_params":
    case "gone":
      return showMissing(main, {
        title: "Nothing is playing here",
        note: "This room does not exist, or its owner has removed it.",
        retry: false,
      });
    case "forbidden":
      return showMissing(main, {
        title: "This room is not open to you",
        note: "Its owner decides who may come in.",
        retry: false,
      });
    default:
      return showMissing(main, {
        title: "The server cannot be reached",
        note: "Try again in a moment; the room waits.",
        retry: true,
      });
  }
}
