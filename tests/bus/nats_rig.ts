import type { Bus, BusState } from "actors/bus/bus.ts";

const DEADLINE_MS = 5_000;

/** Resolves when the bus is in `wanted`. */
export async function stateOf(bus: Bus | undefined, wanted: BusState): Promise<void> {
  if (bus === undefined) throw new Error("There is no such bus");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const check = () => {
    if (bus.state === wanted) resolve();
  };
  const unwatch = bus.watch(check);
  check();
  const timer = setTimeout(
    () => reject(new Error(`The bus is still not ${wanted} after ${DEADLINE_MS} ms`)),
    DEADLINE_MS,
  );
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    unwatch();
  }
}
