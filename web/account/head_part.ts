import { showAvatar } from "../shell/avatar.ts";
import { find, make } from "../shell/dom.ts";
import type { Desk } from "./desk.ts";

export function showHead(head: HTMLElement, desk: Desk): void {
  const avatar = find(head, ".avatar", HTMLElement);
  desk.follow(({ name, login, role, createdAt, avatarUrl }) => {
    find(head, "h1", HTMLElement).textContent = name;
    const since = new Date(createdAt).toLocaleDateString("en", { month: "long", year: "numeric" });
    const words = [`@${login}`, ...(role === "operator" ? ["Operator"] : []), `since ${since}`];
    find(head, ".settings-note", HTMLElement).textContent = words.join(" · ");
    showAvatar(avatar, name);
    if (avatarUrl !== undefined && avatarUrl !== "") showPicture(avatar, avatarUrl);
  });
}

/** Over the letter, which stays to be seen while there is no picture, or for good. */
function showPicture(avatar: HTMLElement, url: string): void {
  const picture = make("img", "");
  picture.alt = "";
  picture.addEventListener("error", () => picture.remove());
  picture.src = url;
  avatar.append(picture);
}
