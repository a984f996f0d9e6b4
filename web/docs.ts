import { showApi } from "./docs/api_page.ts";
import { startShell } from "./shell/shell.ts";
import "./docs.css";

await showApi(await startShell());
