import type { Page } from "playwright-core";
import { Barrage, type ChatConversation, register } from "client/mod.ts";

const PASSWORD = "correct horse battery";
const READ_MS = 20_000;
/** So messages of several people stand in the order in which they are written here. */
const PAUSE_MS = 120;

const PEOPLE = ["Mira Okafor", "Jonas Weber", "林小满", "Priya Nair", "Tomás Silva", "Ada Kowalska"] as const;
type Name = typeof PEOPLE[number];

/** People with something to say to whoever is at the page, and to each other. */
export class Talkers implements Disposable {
  readonly #people: ReadonlyMap<Name, Barrage>;
  readonly #you: string;

  private constructor(people: ReadonlyMap<Name, Barrage>, you: string) {
    this.#people = people;
    this.#you = you;
  }

  /** @param you Whom they write to. */
  static async gather(url: string, you: string): Promise<Talkers> {
    const people = new Map<Name, Barrage>();
    for (const [i, name] of PEOPLE.entries()) {
      const { token } = await register({ url, login: `talker${i}`, name, password: PASSWORD });
      const barrage = new Barrage({ url, token });
      await barrage.chat.start();
      people.set(name, barrage);
    }
    return new Talkers(people, you);
  }

  async write(name: Name, ...texts: readonly string[]): Promise<ChatConversation> {
    const conversation = await this.#chat(name).open(this.#you);
    for (const text of texts) await conversation.send(text);
    await pause();
    return conversation;
  }

  /** A group of all, to which whoever is at the page is invited. */
  async party(title: string): Promise<string> {
    const group = await this.#chat("Priya Nair").createGroup({ title, join: "open" });
    for (const name of PEOPLE) {
      if (name !== "Priya Nair") await this.#chat(name).conversation(group.id).join();
    }
    await group.invite([this.#you]);
    return group.id;
  }

  async say(group: string, name: Name, text: string): Promise<void> {
    await this.#chat(name).conversation(group).send(text);
    await pause();
  }

  announce(group: string, announcement: string): Promise<void> {
    return this.#chat("Priya Nair").conversation(group).update({ announcement });
  }

  [Symbol.dispose](): void {
    for (const barrage of this.#people.values()) barrage.close();
  }

  #chat(name: Name) {
    const barrage = this.#people.get(name);
    if (barrage === undefined) throw new Error(`Cannot find ${name}`);
    return barrage.chat;
  }
}

/** Two conversations worth looking at, with everything a message can have. */
export async function talk(page: Page, url: string, you: { readonly id: string }): Promise<Talkers> {
  const talkers = await Talkers.gather(url, you.id);
  await talkers.write("Ada Kowalska", "Até amanhã!");
  await talkers.write("Tomás Silva", "The invoice is on its way", "Did it arrive?");
  await talkers.write("林小满", "好的，晚上见！");
  await talkers.write("Jonas Weber", "Did you see the setlist?");
  const group = await talkers.party("Northern lights, tonight");
  await page.goto(`${url}/chat/${group}`);
  await page.locator(".talk-closed-actions .primary").click();
  await page.locator(".writer").waitFor();
  await talkers.announce(group, "22:30 at the old bridge. Dress warm: batteries die in the cold.");
  await talkers.say(group, "Priya Nair", "Forecast says KP 6, clouds clear at eleven");
  await talkers.say(group, "Priya Nair", "Meeting at the bridge?");
  await talkers.say(group, "Tomás Silva", "I am in. Who has the thermos?");
  await talkers.say(group, "林小满", "我带热可可");
  await say(page, "Count me in, I have two tripods");
  await talkers.say(group, "Jonas Weber", "Then I bring the wide lens: https://lens.example/14mm");
  const mira = await talkers.write(
    "Mira Okafor",
    "Hey Zoë! Are we still on for the rehearsal on Thursday?",
    "I can bring the big amp if somebody helps me carry it",
  );
  await page.locator(".row", { hasText: "Mira" }).click();
  await page.locator(".bubble").nth(1).waitFor();
  await say(page, "Yes! Thursday at seven, the usual room.");
  await say(page, "And I will carry. Does it fit into your car?");
  mira.read();
  await page.locator('.tick[data-receipt="read"]').nth(1).waitFor({ timeout: READ_MS });
  await mira.send({
    text: "It does, with the back seat down. Bring gloves, the handles are sharp.",
    replyTo: 4,
  });
  await mira.send({
    attachments: [{ type: "file", url: "https://files.example/set", name: "setlist.pdf", bytes: 182_000 }],
  });
  await page.locator(".attached").waitFor();
  await say(page, "Perfect, see you there");
  await page.locator(".talk-who .presence").waitFor({ timeout: READ_MS });
  mira.typing();
  await page.locator(".talk-note", { hasText: "writing" }).waitFor();
  return talkers;
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill("#write", text);
  await page.press("#write", "Enter");
  await page.locator(".line.own[data-seq]", { hasText: text }).waitFor();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
