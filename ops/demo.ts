import { parseArgs } from "node:util";
import { BarrageCallError } from "client/mod.ts";
import { openRoom, takeGuests } from "./demo/api.ts";
import { Allowance, Bot, type Tally } from "./demo/bot.ts";
import { ChatBots } from "./demo/chat_bots.ts";
import { Crowd } from "./demo/crowd.ts";
import { NAMES, pick } from "./demo/phrases.ts";
import { beatAt } from "./demo/rhythm.ts";

const USAGE = `Fills a room with bots, or lets bots chat: deno task demo [options]
  --url URL      the server             (http://127.0.0.1:8080)
  --room ID      an open room           (opens one)
  --bots N       viewers, 1-5,000       (50)
  --rate N       messages per second, 1-20,000, three times that at the height of a wave (40)
  --chat LOGIN   no room: four bots write to whoever has this login, answer, and talk in a group
  --seconds N    stop after             (runs until Ctrl-C)`;

const STEP_MS = 50;
/** One user may say 5 messages a second; planned with less, so that hardly any call is refused. */
const SAYS_PER_GUEST = 2.5;
const GUESTS_LEAST = 24;

interface Options {
  readonly url: string;
  readonly room: string | undefined;
  readonly bots: number;
  readonly rate: number;
  readonly seconds: number;
  readonly chat: string | undefined;
}

/** @throws {Error} with what is wrong in a sentence. */
function readOptions(args: string[]): Options | undefined {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: "string", default: "http://127.0.0.1:8080" },
      room: { type: "string" },
      bots: { type: "string", default: "50" },
      rate: { type: "string", default: "40" },
      seconds: { type: "string", default: "Infinity" },
      chat: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [bots, rate, seconds] = [Number(values.bots), Number(values.rate), Number(values.seconds)];
  if (values.help) return undefined;
  const { url, room, chat } = values;
  const within: [name: string, value: number, most: number][] = [["bots", bots, 5_000], [
    "rate",
    rate,
    20_000,
  ]];
  for (const [name, value, most] of within) {
    if (!(value >= 1 && value <= most)) throw new Error(`Cannot use --${name}: it must be from 1 to ${most}`);
  }
  if (!(seconds > 0)) throw new Error("Cannot use --seconds: it must be over 0");
  if (!URL.canParse(url)) throw new Error("Cannot use --url: it must be http://HOST:PORT");
  return { url, room, bots, rate, seconds, chat };
}

async function gather(options: Options, tally: Tally): Promise<Bot[]> {
  const { url } = options;
  const wanted = Math.min(options.bots, Math.max(GUESTS_LEAST, Math.ceil(options.rate / SAYS_PER_GUEST)));
  const names = Array.from({ length: wanted }, (_, i) => pick(NAMES, i) + (i < NAMES.length ? "" : ` ${i}`));
  const guests = await takeGuests(url, names, 5_000);
  const room = options.room ?? (await openRoom(url, guests[0]!.token, "Northern lights, live")).id;
  console.log(`room ${new URL(`/rooms/${room}`, url)}`);
  const voices = guests.map((guest) => ({ token: guest.token, allowance: new Allowance() }));
  const bots = Array.from(
    { length: options.bots },
    (_, i) => new Bot({ url, room, tally, ...pick(voices, i) }),
  );
  for (let i = 0; i < bots.length; i += 50) {
    await Promise.all(bots.slice(i, i + 50).map((bot, k) => bot.enter(i + k === 0)));
  }
  return bots;
}

async function perform(
  bots: readonly Bot[],
  options: Options,
  tally: Tally,
  signal: AbortSignal,
): Promise<void> {
  const crowd = new Crowd(bots);
  const started = performance.now();
  let [printed, before] = [0, { ...tally }];
  while (!signal.aborted) {
    const seconds = (performance.now() - started) / 1_000;
    if (seconds >= options.seconds) return;
    crowd.speak(beatAt(seconds, options.rate), STEP_MS, Math.floor(seconds / 18));
    if (Math.floor(seconds) > printed) {
      printed = Math.floor(seconds);
      const per = (key: keyof Tally) => String(tally[key] - before[key]).padStart(6);
      console.log(
        `${String(printed).padStart(5)} s  said${per("sent")}/s  accepted${per("accepted")}/s  ` +
          `seen by one viewer${per("seen")}/s  limited${per("limited")}  failed${per("failed")}`,
      );
      before = { ...tally };
    }
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

async function chat(url: string, login: string, seconds: number, signal: AbortSignal): Promise<void> {
  using bots = await ChatBots.gather(url, login);
  await bots.talk();
  console.log(`four bots write to ${login}: ${new URL("/chat", url)}`);
  const over = AbortSignal.any([
    signal,
    ...seconds === Infinity ? [] : [AbortSignal.timeout(seconds * 1_000)],
  ]);
  await new Promise((resolve) => over.addEventListener("abort", resolve));
}

async function main(options: Options): Promise<number> {
  const tally: Tally = { sent: 0, accepted: 0, limited: 0, failed: 0, seen: 0 };
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  let bots: Bot[] = [];
  try {
    if (options.chat !== undefined) {
      await chat(options.url, options.chat, options.seconds, stop.signal);
      return 0;
    }
    bots = await gather(options, tally);
    await perform(bots, options, tally, stop.signal);
    return 0;
  } catch (error) {
    if (!(error instanceof BarrageCallError)) throw error;
    console.error(`Cannot go on: ${error.message} (${error.reason}) at ${options.url}`);
    return 1;
  } finally {
    for (const bot of bots) bot.leave();
    Deno.removeSignalListener("SIGINT", onSignal);
    Deno.removeSignalListener("SIGTERM", onSignal);
    if (bots.length > 0) {
      console.log(
        `said ${tally.sent}, accepted ${tally.accepted}, limited ${tally.limited}, failed ${tally.failed}`,
      );
    }
  }
}

if (import.meta.main) {
  let options: Options | undefined;
  try {
    options = readOptions(Deno.args);
  } catch (error) {
    console.error(`${USAGE}\n\n${error instanceof Error ? error.message : error}`);
    Deno.exit(2);
  }
  if (options === undefined) console.log(USAGE);
  else Deno.exit(await main(options));
}
