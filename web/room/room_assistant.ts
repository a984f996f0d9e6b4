import { assistantOf, BarrageCallError, removeAssistant, setAssistant } from "client/mod.ts";
import type { Assistant } from "protocol/assistants.ts";
import { AssistantForm } from "../assistant/assistant_form.ts";
import type { SayItem } from "../protocol_types.ts";
import type { Actor } from "../shell/account.ts";
import { clone, find } from "../shell/dom.ts";
import { messageOf } from "../shell/messages.ts";

export interface RoomAssistantOptions {
  readonly room: string;
  readonly assistant: Assistant | undefined;
  /** Names of the models that can be asked. */
  readonly models: () => Promise<readonly string[]>;
  /** Begins a question to it in the send box. */
  readonly mention: (name: string) => void;
}

/** The AI of the room: all see that it is there, and who may sets it. */
export class RoomAssistant {
  readonly #hint: HTMLButtonElement;
  readonly #button: HTMLButtonElement;
  readonly #options: RoomAssistantOptions;
  #assistant: Assistant | undefined;
  #form: AssistantForm | undefined;
  #ended = false;

  constructor(main: HTMLElement, options: RoomAssistantOptions) {
    this.#hint = find(main, ".composer-assistant", HTMLButtonElement);
    this.#button = find(main, "[data-set-assistant]", HTMLButtonElement);
    this.#options = options;
    this.#hint.addEventListener("click", () => this.#assistant && options.mention(this.#assistant.name));
    this.#show(options.assistant);
  }

  /** @param as As the owner or an operator. */
  async offer(as: Actor): Promise<void> {
    this.#button.addEventListener("click", () => this.#open(as));
    // Without models there is nothing to set, but perhaps something to remove.
    const some = this.#assistant !== undefined || (await this.#options.models()).length > 0;
    this.#button.hidden = !some || this.#ended;
  }

  /** Who was here before it was set learns of it when it speaks. */
  heard({ user, assistant }: SayItem): void {
    if (assistant !== true || this.#assistant?.name === user.name) return;
    this.#show({ model: "", ...this.#assistant, id: user.id, name: user.name, enabled: true });
  }

  end(): void {
    this.#ended = true;
    this.#hint.hidden = true;
    this.#button.hidden = true;
  }

  #show(assistant: Assistant | undefined): void {
    this.#assistant = assistant;
    this.#hint.hidden = assistant?.enabled !== true;
    find(this.#hint, "bdi", HTMLElement).textContent = `@${assistant?.name ?? ""}`;
    this.#form?.show(true, assistant);
  }

  #open(as: Actor): void {
    const { room, models } = this.#options;
    const dialog = find(clone("assistant-dialog"), "dialog", HTMLDialogElement);
    const place = (token: string | undefined) => ({
      url: location.origin,
      room,
      ...(token !== undefined && { token }),
    });
    this.#form = new AssistantForm(find(dialog, "[data-assistant]", HTMLElement), {
      models,
      words: messageOf,
      read: () => this.#assistant === undefined ? none() : as((token) => read(place(token))),
      set: async (assistant) => {
        this.#show(await as((token) => setAssistant({ ...place(token), assistant })));
        dialog.close();
      },
      remove: async () => {
        await as((token) => removeAssistant(place(token)));
        this.#show(undefined);
      },
    });
    this.#form.show(true, this.#assistant);
    find(dialog, "[data-close]", HTMLButtonElement).addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      this.#form = undefined;
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    find(dialog, "[name=name]", HTMLInputElement).focus();
  }
}

async function none(): Promise<undefined> {}

/** Somebody else may have removed it. */
async function read(place: Parameters<typeof assistantOf>[0]) {
  try {
    return await assistantOf(place);
  } catch (error) {
    if (error instanceof BarrageCallError && error.reason === "not_found") return undefined;
    throw error;
  }
}
