import { showLobby } from "./lobby/lobby_page.ts";
import { showRoom } from "./room/room_page.ts";
import { Account } from "./shell/account.ts";
import { startAccountMenu } from "./shell/account_menu.ts";
import { find } from "./shell/dom.ts";
import { startTheme } from "./shell/theme.ts";
import "./live_room.css";

const account = new Account();
const main = find(document, "#page", HTMLElement);
const room = /^\/rooms\/([^/]+)\/?$/.exec(location.pathname)?.[1];
const named = new EventTarget();
const showName = startAccountMenu(account, () => named.dispatchEvent(new Event("renamed")));

startTheme(find(document, "#theme", HTMLButtonElement));
const shell = { main, account, showName, named };
if (room === undefined) showLobby(shell);
else await showRoom(shell, room);
