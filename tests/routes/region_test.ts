import { equal, rejects, throws } from "node:assert/strict";
import { loadRegions, parseRegions } from "routes/region_file.ts";

const CSV = `network,region
# home
198.51.100.0/24,Berlin
203.0.113.128/25,"Tōkyō, JP"
203.0.113.7,Lisbon

2001:db8::/32,Oslo
2001:db9:0:1::/64,Lima
`;

Deno.test("[S24] an address is in the region of the range that holds it", () => {
  const region = parseRegions(CSV);
  for (
    const [address, expected] of [
      ["198.51.100.0", "Berlin"],
      ["198.51.100.255", "Berlin"],
      ["198.51.99.255", undefined],
      ["198.51.101.0", undefined],
      ["203.0.113.127", undefined],
      ["203.0.113.128", "Tōkyō, JP"],
      ["203.0.113.7", "Lisbon"],
      ["203.0.113.6", undefined],
      ["203.0.113.8", undefined],
      ["::ffff:198.51.100.1", "Berlin"],
      ["2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "Oslo"],
      ["2001:db9::1", undefined],
      ["2001:db9:0:1:ffff::", "Lima"],
      ["0.0.0.0", undefined],
      ["ffff::", undefined],
      ["garbage", undefined],
    ] as const
  ) {
    equal(region(address), expected, address);
  }
});

Deno.test("[S24] every address of a thousand ranges is found", () => {
  const lines = Array.from({ length: 1_000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/25,R${n}`);
  const region = parseRegions(lines.reverse().join("\r\n"));
  for (let n = 0; n < 1_000; n++) {
    equal(region(`10.${n >> 8}.${n & 255}.127`), `R${n}`);
    equal(region(`10.${n >> 8}.${n & 255}.128`), undefined);
  }
});

Deno.test("[S24] without the file no address has a region", async () => {
  equal((await loadRegions("/nowhere/regions.csv"))("198.51.100.1"), undefined);
});

Deno.test("[S24] a file that cannot be used stops the start with the line that is wrong", async () => {
  throws(() => parseRegions("198.51.100.0/24,Berlin\nsomewhere,Oslo"), /^Error: Line 2 /);
  throws(() => parseRegions("198.51.100.0/33,Berlin"), /^Error: Line 1 /);
  throws(() => parseRegions("198.51.100.0/24"), /^Error: Line 1 names no region/);
  throws(() => parseRegions("198.51.100.0/24,Berlin\n198.51.100.7,Oslo"), /Berlin and Oslo overlap/);
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "198.51.100.0/24");
  await rejects(loadRegions(path), { message: `Cannot use ${path}: Line 1 names no region` });
  await Deno.remove(path);
});
