import { showAi } from "./ai/ai_page.ts";
import { startShell } from "./shell/shell.ts";
import "./ai.css";

showAi(await startShell());
