/** Where an address is, as far as somebody knows: a country, a city. */
export type RegionLookup = (address: string) => string | undefined;

export const noRegion: RegionLookup = () => undefined;
