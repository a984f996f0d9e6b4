import type { Account } from "./account.ts";
import { showAvatar } from "./avatar.ts";
import { find, icon, make } from "./dom.ts";
import { messageOf } from "./messages.ts";
import { ask } from "./text_dialog.ts";

/** Nobody comes back to these. */
const ENTRIES: readonly string[] = ["/login", "/register", "/reset"];

/** The name in the top bar; a click opens what can be done about it. Returns a function that shows the present name. */
export function startAccountMenu(account: Account, renamed: () => void): () => void {
  const button = find(document, "#account", HTMLButtonElement);
  const menu = find(document, "#account-menu", HTMLElement);
  const signIn = find(document, "#sign-in", HTMLAnchorElement);
  const show = () => {
    const name = account.name ?? "Guest";
    find(button, ".account-name", HTMLElement).textContent = name;
    button.setAttribute("aria-label", `Account of ${name}`);
    showAvatar(find(button, ".avatar", HTMLElement), name);
    signIn.hidden = account.isMember || ENTRIES.includes(location.pathname);
    signIn.href = entry("/login");
  };
  menu.addEventListener("beforetoggle", () => {
    const items = account.isMember ? memberItems(account) : guestItems(account, () => {
      show();
      renamed();
    });
    menu.replaceChildren(head(account), ...items);
  });
  menu.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest(".menu-item")) menu.hidePopover();
  });
  show();
  return show;
}

function head(account: Account): HTMLElement {
  const name = account.name ?? "Guest";
  const element = make("div", "menu-head");
  const avatar = make("span", "avatar large");
  avatar.setAttribute("aria-hidden", "true");
  showAvatar(avatar, name);
  const words = make("div", "menu-words");
  const note = account.isMember ? "Signed in" : "Watching as a guest";
  words.append(make("p", "menu-name", name), make("p", "menu-note", note));
  element.append(avatar, words);
  return element;
}

function memberItems(account: Account): HTMLElement[] {
  return [
    link("person", "Your account", "/account"),
    link("code", "API", "/docs"),
    button("leave", "Sign out", () => leave(account)),
  ];
}

async function leave(account: Account): Promise<void> {
  try {
    await account.session.signOut();
  } catch (error) {
    const note = messageOf(error);
    return ask({ title: "You are still signed in", note, action: "Try again", submit: () => leave(account) });
  }
  // A room can be watched on as a guest.
  if (location.pathname === "/account") location.assign("/");
  else location.reload();
}

function guestItems(account: Account, renamed: () => void): HTMLElement[] {
  return [
    link("enter", "Sign in", entry("/login")),
    link("person", "Create an account", entry("/register")),
    button("edit", "Change your name", () =>
      ask({
        title: "What should we call you?",
        note: "Everyone in the room sees this name beside what you say.",
        action: "Save",
        input: { label: "Your name", value: account.name ?? "", maxLength: 32 },
        submit: async (name) => {
          if (name === "" || name === account.name) return;
          await account.guests.rename(name);
          renamed();
        },
      })),
    link("code", "API", "/docs"),
  ];
}

/** The page to sign in at, which leads back here. */
function entry(path: string): string {
  const here = location.pathname + location.search;
  return ENTRIES.includes(location.pathname) || here === "/"
    ? path
    : `${path}?${new URLSearchParams({ returnTo: here })}`;
}

function link(image: string, text: string, href: string): HTMLElement {
  const element = make("a", "menu-item");
  element.href = href;
  element.append(icon(image), text);
  return element;
}

function button(image: string, text: string, act: () => void): HTMLElement {
  const element = make("button", "menu-item");
  element.type = "button";
  element.append(icon(image), text);
  element.addEventListener("click", act);
  return element;
}
