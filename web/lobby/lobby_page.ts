import { createRoom } from "../shell/api.ts";
import { clone, find } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";
import type { Shell } from "../shell/shell.ts";
import { startHero } from "./hero.ts";
import { RoomList } from "./room_list.ts";

const TITLES = [
  "Friday night watch party",
  "Late show",
  "Music and stars",
  "Match day",
  "Quiet company",
  "Open mic",
];

export function showLobby(shell: Shell): void {
  const page = clone("lobby-page");
  const hero = find(page, ".hero", HTMLElement);
  const list = new RoomList(find(page, ".rooms", HTMLElement));
  startOpenRoom(shell, find(page, "form", HTMLFormElement), find(page, "#open-first", HTMLButtonElement));
  shell.main.replaceChildren(page);
  startHero(hero, find(hero, ".picture", HTMLElement), find(hero, ".danmaku", HTMLElement));
  list.run();
}

function startOpenRoom(shell: Shell, form: HTMLFormElement, openFirst: HTMLButtonElement): void {
  const { account } = shell;
  const title = find(form, "#room-title", HTMLInputElement);
  const name = find(form, "#viewer-name", HTMLInputElement);
  const error = find(form, ".form-error", HTMLElement);
  const submit = find(form, "button[type=submit]", HTMLButtonElement);
  title.maxLength = 100;
  name.maxLength = 32;
  title.value = TITLES[Math.floor(Math.random() * TITLES.length)]!;
  name.value = account.name ?? "";
  name.placeholder = "Guest";
  shell.named.addEventListener("renamed", () => name.value = account.name ?? "");
  openFirst.addEventListener("click", () => form.requestSubmit());

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.textContent = "";
    if (title.value.trim() === "") {
      error.textContent = "A room needs a title";
      title.focus();
      return;
    }
    submit.disabled = true;
    try {
      const wanted = name.value.trim();
      if (wanted !== "") await account.rename(wanted);
      shell.showName();
      location.assign(`/rooms/${await open(shell, title.value.trim())}`);
    } catch (failure) {
      error.textContent = messageOf(failure);
      submit.disabled = false;
    }
  });
}

/** Opens a room as the present guest, or as a fresh one when the server does not know the present one any more. */
async function open({ account }: Shell, title: string): Promise<string> {
  const guest = await account.guest();
  const room = await createRoom(guest.token, title).catch(async (error: unknown) => {
    if ((error as { reason?: string }).reason !== "unauthenticated") throw error;
    return await createRoom((await account.renew()).token, title);
  });
  const owner = await account.guest();
  account.keep(room.id, owner);
  return room.id;
}
