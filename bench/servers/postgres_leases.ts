// @ts-types="@types/pg"
import pg from "pg";
import { delay } from "../wait.ts";

/** Each lease lasts as long as a call. */
const LOOK_MS = 100;

/** Reads what a pool lends, past the server's own code: in which order it serves those who wait. */
export class PostgresLeases implements AsyncDisposable {
  readonly #client: pg.Client;
  /** By answer, its first lease. */
  readonly #first = new Map<string, string>();
  readonly #watching: Promise<void>;
  #over = false;

  private constructor(client: pg.Client) {
    this.#client = client;
    this.#watching = this.#watch();
  }

  static async watch(url: string): Promise<PostgresLeases> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return new PostgresLeases(client);
  }

  has(answer: string): boolean {
    return this.#first.has(answer);
  }

  /** Answers in the order in which they were lent something first: a pool numbers its leases as it lends. */
  get order(): string[] {
    return [...this.#first].sort(([, one], [, other]) => one < other ? -1 : 1).map(([answer]) => answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#watching;
    await this.#client.end();
  }

  async #watch(): Promise<void> {
    for (; !this.#over; await delay(LOOK_MS)) {
      const { rows } = await this.#client.query<{ id: string; answer_id: string }>(
        "SELECT id, answer_id FROM lease ORDER BY id",
      );
      for (const { id, answer_id: answer } of rows) if (!this.#first.has(answer)) this.#first.set(answer, id);
    }
  }
}
