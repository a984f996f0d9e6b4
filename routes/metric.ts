import { Counter, Gauge, type Registry } from "prom-client";

/** A value, with the labels that tell it from the others of the same name. */
export type Sample = readonly [value: number, labels?: Readonly<Record<string, string>>];

/** Declares a metric that is read when somebody asks; a name in `_total` is a counter, any other a gauge. */
export function declareMetric(
  registry: Registry,
  name: string,
  help: string,
  read: () => Iterable<Sample>,
  labelNames: readonly string[] = [],
): void {
  const options = { name, help, labelNames: [...labelNames], registers: [registry] };
  if (name.endsWith("_total")) {
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const [value, labels = {}] of read()) this.inc(labels, value);
      },
    });
  } else {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const [value, labels = {}] of read()) this.set(labels, value);
      },
    });
  }
}
