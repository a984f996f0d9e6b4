/**
 * Checks passwords in threads, as signing in does, and prints one line of JSON: milliseconds for one, and how many a
 * second all threads do. Arguments: seconds per case.
 */
import { Drops } from "actors/runtime/drops.ts";
import { loadConfig } from "config";
import { Passwords } from "routes/passwords.ts";
import { callsPerSecond } from "./pace.ts";

const PASSWORD = "correct horse battery";

const seconds = Number(Deno.args[0]);
const { workers, queueMax, ...cost } = loadConfig({}).passwords;
using passwords = new Passwords({ workers, queueMax, cost, drops: new Drops() });
const hash = await passwords.choose(PASSWORD, []);
const check = () => passwords.verify(hash, PASSWORD);
await Promise.all(Array.from({ length: workers }, check));

const oneMs = 1_000 / await callsPerSecond(1, check, seconds);
const perSecond = await callsPerSecond(workers, check, seconds);
console.log(JSON.stringify({ workers, ...cost, oneMs, perSecond }));
