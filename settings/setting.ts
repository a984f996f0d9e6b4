import { z } from "zod";

/** One environment variable: how it is read, and what the manual says about it. */
export interface Setting<T> {
  readonly variable: string;
  readonly schema: z.ZodType<T>;
  /** As the manual shows it. */
  readonly preset: string;
  readonly bounds: string;
  readonly meaning: string;
  /** Its value may hold a password and is never shown. */
  readonly secret: boolean;
}

export function whole(
  variable: string,
  preset: number,
  least: number,
  most: number,
  meaning: string,
): Setting<number> {
  const schema = number(least, most).default(preset);
  return { variable, schema, preset: String(preset), bounds: `${least}-${most}`, meaning, secret: false };
}

/** Unset it follows from others, as `preset` says. */
export function wholeOr(
  variable: string,
  preset: string,
  least: number,
  most: number,
  meaning: string,
): Setting<number | undefined> {
  const schema = number(least, most).optional();
  return { variable, schema, preset, bounds: `${least}-${most}`, meaning, secret: false };
}

function number(least: number, most: number) {
  const sentence = `must be a whole number from ${least} to ${most}`;
  return z.string().regex(/^\d{1,15}$/, sentence).transform(Number)
    .refine((value) => value >= least && value <= most, sentence);
}

export function choice<const T extends string>(
  variable: string,
  values: readonly [T, ...T[]],
  preset: string,
  meaning: string,
): Setting<T | undefined> {
  const bounds = values.join(" or ");
  return {
    variable,
    schema: z.enum(values, `must be ${bounds}`).optional(),
    preset,
    bounds,
    meaning,
    secret: false,
  };
}

export function plain<T>(
  variable: string,
  schema: z.ZodType<T>,
  preset: string,
  bounds: string,
  meaning: string,
): Setting<T> {
  return { variable, schema, preset, bounds, meaning, secret: false };
}

export function secret<T>(
  variable: string,
  schema: z.ZodType<T>,
  preset: string,
  bounds: string,
  meaning: string,
): Setting<T> {
  return { variable, schema, preset, bounds, meaning, secret: true };
}
