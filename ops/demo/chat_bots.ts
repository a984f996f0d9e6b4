import { Barrage, BarrageCallError, type ChatConversation, problemError, register } from "client/mod.ts";
import type { Message } from "protocol/chat.ts";
import { NAMES, PHRASES, pick } from "./phrases.ts";

const BOTS = 4;
const THINK_MS = [900, 2_600] as const;
const TALK_EVERY_MS = [4_000, 12_000] as const;

const GREETINGS = [
  "Hi! Are you new here?",
  "Hey, I am making a group for tonight. Shall I add you?",
  "你好！",
  "Write me anything, I answer.",
];
const ANSWERS = [
  "Really?",
  "Tell me more",
  "Ha, good one",
  "I was just thinking the same",
  "哈哈哈哈",
  "Say that again?",
];

interface Bot {
  readonly id: string;
  readonly name: string;
  readonly barrage: Barrage;
}

/** Bots with accounts of their own who write to one person, answer, and talk in a group, until they are told to stop. */
export class ChatBots implements Disposable {
  readonly #bots: readonly Bot[];
  readonly #partner: string;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  private constructor(bots: readonly Bot[], partner: string) {
    this.#bots = bots;
    this.#partner = partner;
  }

  /** @throws {BarrageCallError} `not_found` when nobody has this login. */
  static async gather(url: string, login: string): Promise<ChatBots> {
    const run = crypto.randomUUID().slice(0, 6);
    const bots: Bot[] = [];
    let partner: string | undefined;
    for (let i = 0; i < BOTS; i++) {
      const account = { login: `demo-${run}-${i}`, name: pick(NAMES, i), password: crypto.randomUUID() };
      const { token, user } = await register({ url, ...account });
      partner ??= await userOf(url, token, login);
      bots.push({ ...user, barrage: new Barrage({ url, token }) });
    }
    return new ChatBots(bots, partner ?? "");
  }

  async talk(): Promise<void> {
    for (const [i, bot] of this.#bots.entries()) {
      await bot.barrage.chat.start();
      bot.barrage.chat.on("message", (message) => this.#heard(bot, message));
      const direct = await bot.barrage.chat.open(this.#partner);
      await direct.send(pick(GREETINGS, i));
    }
    const group = await pick(this.#bots, 0).barrage.chat.createGroup({ title: "Demo evening", join: "open" });
    for (const { barrage } of this.#bots.slice(1)) await barrage.chat.conversation(group.id).join();
    await group.invite([this.#partner]);
    this.#chatter(group.id, 0);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { barrage } of this.#bots) barrage.close();
  }

  /** One after the other says something. */
  #chatter(group: string, n: number): void {
    this.#after(TALK_EVERY_MS, () => {
      this.#say(pick(this.#bots, n).barrage.chat.conversation(group), pick(PHRASES, n * 7));
      this.#chatter(group, n + 1);
    });
  }

  #heard({ barrage }: Bot, { conversation: id, sender }: Message): void {
    const conversation = barrage.chat.conversation(id);
    conversation.read();
    if (sender.id !== this.#partner || conversation.view?.kind !== "direct") return;
    this.#say(conversation, pick(ANSWERS, Math.floor(Math.random() * ANSWERS.length)));
  }

  #say(conversation: ChatConversation, text: string): void {
    conversation.typing();
    this.#after(THINK_MS, () => {
      conversation.send(text).catch((error: unknown) => console.info("Cannot say anything", error));
    });
  }

  #after([least, most]: readonly [number, number], act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, least + Math.random() * (most - least));
    this.#timers.add(timer);
  }
}

async function userOf(url: string, token: string, login: string): Promise<string> {
  const query = new URLSearchParams({ login });
  const response = await fetch(new URL(`/v1/users?${query}`, url), {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw await problemError(response);
  const { users }: { users: { id: string }[] } = await response.json();
  if (users[0] === undefined) throw new BarrageCallError("not_found", `nobody has the login ${login}`);
  return users[0].id;
}
