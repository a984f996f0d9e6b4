import { createRoom } from "../shell/api.ts";
import { clone, find } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";
import type { Shell } from "../shell/shell.ts";
import { noticeRefusal } from "../shell/site_notice.ts";
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
  const { isMember, session } = shell.account;
  // Cookies that are good for nothing any more go with that.
  const recover = () => isMember ? session.fresh({ rejected: true }) : session.signOut();
  const list = new RoomList(find(page, ".rooms", HTMLElement), recover);
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
  find(form, "[data-guest]", HTMLElement).hidden = account.isMember;
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
      if (!account.isMember && wanted !== "") await account.guests.rename(wanted);
      shell.showName();
      location.assign(`/rooms/${await open(shell, title.value.trim())}`);
    } catch (failure) {
      noticeRefusal(failure);
      error.textContent = messageOf(failure);
      submit.disabled = false;
    }
  });
}

async function open({ account }: Shell, title: string): Promise<string> {
  const room = await account.as((token) => createRoom(token, title));
  const guest = account.guests.present;
  if (!account.isMember && guest) account.guests.keep(room.id, guest);
  return room.id;
}
