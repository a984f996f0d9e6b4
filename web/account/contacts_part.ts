import type { ContactKind } from "protocol/accounts.ts";
import { find } from "../shell/dom.ts";
import { startForm } from "../shell/form.ts";
import { messageOf } from "../shell/messages.ts";
import { confirmed } from "./confirmation.ts";
import type { Desk } from "./desk.ts";
import { makeRow } from "./row.ts";

const ICONS: Readonly<Record<ContactKind, string>> = { email: "mail", phone: "phone" };
const NAMES: Readonly<Record<ContactKind, string>> = { email: "E-mail", phone: "Phone" };

/** Addresses of the account. One becomes that with the code that was sent there. */
export function startContacts(part: HTMLElement, desk: Desk): void {
  const rows = find(part, ".rows", HTMLElement);
  const add = find(part, ".add-contact", HTMLFormElement);
  const confirm = find(part, ".confirm-contact", HTMLFormElement);
  const address = find(add, "[name=address]", HTMLInputElement);
  const code = find(confirm, "[name=code]", HTMLInputElement);
  const status = find(add, ".form-error", HTMLElement);

  function show(form: HTMLFormElement, focus: HTMLElement): void {
    for (const one of [add, confirm]) one.hidden = one !== form;
    focus.focus();
  }

  desk.follow(({ contacts, hasPassword }) => {
    find(part, ".rows-none", HTMLElement).hidden = !hasPassword || contacts.length > 0;
    rows.replaceChildren(...contacts.map((contact) =>
      makeRow({
        icon: ICONS[contact.kind],
        title: contact.address,
        note: NAMES[contact.kind],
        action: {
          text: "Remove",
          label: `Remove ${contact.address}`,
          act: async () => {
            await confirmed(() => desk.api.removeContact(contact.kind, contact.address), desk);
            await desk.reload();
          },
        },
      }, (error) => {
        status.textContent = messageOf(error);
      })
    ));
  });

  startForm(add, {
    submit: async () => {
      const typed = address.value.trim();
      const kind = typed.includes("@") ? "email" : "phone";
      const plain = kind === "phone" ? typed.replace(/[\s().-]/g, "") : typed;
      await confirmed(() => desk.api.sendCode(kind, plain), desk);
      find(confirm, "[data-address]", HTMLElement).textContent = typed;
      show(confirm, code);
    },
    explain: ({ reason, path }) =>
      reason === "invalid_params" && path === "body.kind"
        ? { field: "address", text: "This server sends no codes there" }
        : undefined,
  });
  startForm(confirm, {
    submit: async () => {
      desk.change(await confirmed(() => desk.api.addContact(code.value.replace(/\s/g, "")), desk));
      add.reset();
      confirm.reset();
      show(add, address);
    },
    explain: ({ reason }) => {
      switch (reason) {
        case "forbidden":
          return { field: "code", text: "The code does not fit" };
        case "gone":
          return { field: "code", text: "The code is not good any more; send another one" };
        case "conflict":
          return { field: "code", text: "This address belongs to another account" };
        default:
          return undefined;
      }
    },
  });
  find(confirm, "[data-cancel]", HTMLButtonElement).addEventListener("click", () => {
    confirm.reset();
    show(add, address);
  });
}
