/** No browser takes an answer for anything else than it says. */
export const NO_SNIFFING = { "x-content-type-options": "nosniff" } as const;
