import { showAccount } from "./account/account_page.ts";
import { showLogin } from "./account/login_page.ts";
import { showRegister } from "./account/register_page.ts";
import { showReset } from "./account/reset_page.ts";
import { startShell } from "./shell/shell.ts";
import "./account.css";

const shell = await startShell();
switch (location.pathname) {
  case "/login":
    await showLogin(shell);
    break;
  case "/register":
    showRegister(shell);
    break;
  case "/reset":
    showReset(shell);
    break;
  default:
    await showAccount(shell);
}
