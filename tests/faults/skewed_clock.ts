/**
 * Preloaded into a node to put its wall clock wrong by SKEW_MS, as on a machine whose clock is not set. Timers and the
 * monotonic clock run on.
 */
const skewMs = Number(Deno.env.get("SKEW_MS") ?? 0);
const RealDate = Date;
const now = () => RealDate.now() + skewMs;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, parts: [], made) =>
    Reflect.construct(target, parts.length === 0 ? [now()] : parts, made),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => name === "now" ? now : Reflect.get(target, name),
});
