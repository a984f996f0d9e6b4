import { Redis } from "ioredis";

/** Everything that clients send to a Redis server, and in the end everything in it. */
export class RedisMonitor implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly #client: Redis;
  readonly #monitor: Redis;

  private constructor(client: Redis, monitor: Redis) {
    this.#client = client;
    this.#monitor = monitor;
    monitor.on("monitor", (_time: string, args: string[]) => this.heard.push(args.join(" ")));
  }

  static async open(url: string): Promise<RedisMonitor> {
    const client = new Redis(url);
    return new RedisMonitor(client, await client.monitor());
  }

  /** Keys and values, whatever their type. */
  async dump(): Promise<string[]> {
    const keys = await this.#client.keys("*");
    const values = await Promise.all(keys.map((key) => this.#client.dumpBuffer(key)));
    return [...keys, ...values.map((value) => value?.toString("latin1") ?? "")];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#monitor.disconnect();
    await this.#client.quit();
  }
}
