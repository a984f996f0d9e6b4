import { icon, make } from "./dom.ts";

/** Lets people see what they type into every password field here. */
export function revealPasswords(root: ParentNode): void {
  for (const input of root.querySelectorAll<HTMLInputElement>("input[type=password]")) {
    const box = make("div", "field-box");
    const button = make("button", "reveal");
    button.type = "button";
    input.replaceWith(box);
    box.append(input, button);
    const show = (shown: boolean) => {
      input.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
      button.setAttribute("aria-label", "Show the password");
      button.replaceChildren(icon(shown ? "eye-off" : "eye"));
    };
    button.addEventListener("click", () => {
      show(input.type === "password");
      input.focus();
    });
    show(false);
  }
}
