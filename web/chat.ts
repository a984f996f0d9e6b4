import { showChat } from "./chat/chat_page.ts";
import { startShell } from "./shell/shell.ts";
import "./chat.css";

showChat(await startShell());
