import { equal } from "node:assert/strict";
import { ClientAddress, networkOf } from "routes/client_address.ts";

const PROXY = "10.0.0.1";
const proxied = new ClientAddress(["10.0.0.0/8", "2001:db8:ffff::/48"], "x-forwarded-for");

function forwarded(...lines: string[]): Headers {
  return new Headers(lines.map((line): [string, string] => ["x-forwarded-for", line]));
}

Deno.test("[S22] without a trusted proxy nobody is believed", () => {
  const nobody = new ClientAddress([], "x-forwarded-for");
  equal(nobody.of(forwarded("198.51.100.7"), PROXY), PROXY);
  equal(proxied.of(forwarded("198.51.100.7"), "203.0.113.9"), "203.0.113.9");
});

Deno.test("[S22] a trusted proxy says whom it heard from", () => {
  equal(proxied.of(forwarded("198.51.100.7"), PROXY), "198.51.100.7");
  equal(proxied.of(forwarded("198.51.100.7"), "2001:db8:ffff::1"), "198.51.100.7");
  equal(proxied.of(forwarded("198.51.100.7"), `::ffff:${PROXY}`), "198.51.100.7");
  equal(proxied.of(new Headers(), PROXY), PROXY);
});

Deno.test("[S22] what a client itself writes into the header is not believed", () => {
  equal(proxied.of(forwarded("192.0.2.66, 198.51.100.7"), PROXY), "198.51.100.7");
  equal(proxied.of(forwarded("192.0.2.66", "198.51.100.7"), PROXY), "198.51.100.7");
  equal(proxied.of(forwarded("10.0.0.9, 198.51.100.7"), PROXY), "198.51.100.7");
});

Deno.test("[S22] a chain of trusted proxies is followed to the first address before it", () => {
  equal(proxied.of(forwarded("192.0.2.66, 198.51.100.7, 10.1.1.1, 2001:db8:ffff::9"), PROXY), "198.51.100.7");
  equal(proxied.of(forwarded("10.2.2.2, 10.1.1.1"), PROXY), "10.2.2.2");
});

Deno.test("[S22] what is no address ends the chain", () => {
  equal(proxied.of(forwarded("198.51.100.7, unknown, 10.1.1.1"), PROXY), "10.1.1.1");
  equal(proxied.of(forwarded("198.51.100.7,"), PROXY), PROXY);
  for (const garbage of ["garbage", "0x7f.1", "017.0.0.1", "1.2.3", "1.2.3.4.5", "<script>", "[::1"]) {
    equal(proxied.of(forwarded(garbage), PROXY), PROXY, garbage);
  }
  equal(proxied.of(forwarded(Array(5_000).fill("10.1.1.1").join()), PROXY), "10.1.1.1");
});

Deno.test("[S22] an address has one spelling, without port and zone", () => {
  const of = (address: string) => proxied.of(forwarded(address), PROXY);
  equal(of("198.51.100.7:4711"), "198.51.100.7");
  equal(of("[2001:DB8:0:0::7]:4711"), "2001:db8::7");
  equal(of("2001:0db8::0007"), "2001:db8::7");
  equal(of("::ffff:198.51.100.7"), "198.51.100.7");
  equal(of("fe80::1%eth0"), "fe80::1");
});

Deno.test("[S22] the header that the proxy writes is read, and no other", () => {
  const rfc7239 = new ClientAddress(["10.0.0.0/8"], "forwarded");
  const of = (value: string) =>
    rfc7239.of(new Headers({ forwarded: value, "x-forwarded-for": "192.0.2.66" }), PROXY);
  equal(of("for=198.51.100.7"), "198.51.100.7");
  equal(of('for=192.0.2.66, For="[2001:db8::7]:4711";proto=https;by=10.0.0.1'), "2001:db8::7");
  equal(of("proto=https;for=198.51.100.7;host=live.example.com"), "198.51.100.7");
  equal(of("for=_hidden"), PROXY);
  equal(of("for=unknown"), PROXY);
  equal(of("by=198.51.100.7"), PROXY);
  equal(proxied.of(new Headers({ forwarded: "for=198.51.100.7" }), PROXY), PROXY);
});

Deno.test("[S23] limits count IPv6 addresses by their /64 network", () => {
  equal(networkOf("198.51.100.7"), "198.51.100.7");
  equal(networkOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  equal(networkOf("2001:db8:1:2::1"), "2001:db8:1:2::/64");
  equal(networkOf("::1"), "::/64");
});
