import { BarrageError } from "protocol/errors.ts";

/** Long messages: what does not fit into one answer between nodes is asked for again, half as much of it. */
export async function askForLess<T>(limit: number, ask: (limit: number) => Promise<T>): Promise<T> {
  for (let most = limit;; most = Math.floor(most / 2)) {
    try {
      return await ask(most);
    } catch (error) {
      if (BarrageError.from(error).reason !== "too_large" || most === 1) throw error;
    }
  }
}
