import { showLobby } from "./lobby/lobby_page.ts";
import { showRoom } from "./room/room_page.ts";
import { startShell } from "./shell/shell.ts";
import "./live_room.css";

const shell = await startShell();
const room = /^\/rooms\/([^/]+)\/?$/.exec(location.pathname)?.[1];

if (room === undefined) showLobby(shell);
else await showRoom(shell, room);
