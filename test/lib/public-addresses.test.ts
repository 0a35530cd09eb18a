import { describe, expect, it } from "vitest";
import { isPrivateHost, isPublicAddress, publicConnector } from "../../src/lib/public-addresses.ts";
import type { Resolve } from "../../src/lib/resolve-public.ts";
import { serveTcp } from "../providers/local-server.ts";

describe("an address is public", () => {
  it.each(["93.184.215.14", "8.8.8.8", "172.32.0.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])(
    "the address %s is public",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
  it("an address behind NAT64 is public when the IPv4 address in it is", () => {
    expect(isPublicAddress("64:ff9b::8.8.8.8")).toBe(true);
    expect(isPublicAddress("64:ff9b::169.254.169.254")).toBe(false);
  });
});

describe("an address is not public", () => {
  it.each([
    ["unspecified", "0.0.0.0"],
    ["this network", "0.1.2.3"],
    ["loopback", "127.0.0.1"],
    ["all of loopback", "127.255.255.254"],
    ["private, 10/8", "10.1.2.3"],
    ["private, 172.16/12", "172.31.255.255"],
    ["private, 192.168/16", "192.168.1.1"],
    ["shared by carriers", "100.64.0.1"],
    ["a metadata service of another cloud", "100.100.100.200"],
    ["metadata", "169.254.169.254"],
    ["metadata with a public address", "168.63.129.16"],
    ["metadata of a third cloud", "192.0.0.192"],
    ["for benchmarks", "198.18.0.1"],
    ["for documents", "203.0.113.9"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["IPv6 loopback", "::1"],
    ["IPv6 unspecified", "::"],
    ["IPv4 as IPv6", "::ffff:127.0.0.1"],
    ["IPv4 as IPv6 in hexadecimal", "::ffff:a9fe:a9fe"],
    ["IPv4 in the old compatible form", "::127.0.0.1"],
    ["unique local", "fd00:ec2::254"],
    ["IPv6 link-local", "fe80::1"],
    ["IPv6 link-local with its interface", "fe80::1%eth0"],
    ["site-local", "fec0::1"],
    ["IPv6 multicast", "ff02::1"],
    ["6to4 of a private address", "2002:0a00:0001::1"],
    ["Teredo", "2001:0:1::1"],
    ["NAT64 for local use", "64:ff9b:1::8.8.8.8"],
    ["nothing", "not an address"],
  ])("an address is not public: %s: %s", (_, address) => expect(isPublicAddress(address)).toBe(false));
});

const resolveTo =
  (...addresses: string[]): Resolve =>
  (_hostname, _options, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

it("a host is private by what it is, and by any of the addresses it has", async () => {
  expect(await isPrivateHost("[::1]")).toBe(true);
  expect(await isPrivateHost("10.0.0.1")).toBe(true);
  for (const name of ["localhost", "LOCALHOST.", "api.localhost"])
    expect(await isPrivateHost(name, resolveTo())).toBe(true);
  expect(await isPrivateHost("localhost.example.com", resolveTo("8.8.8.8"))).toBe(false);
  expect(await isPrivateHost("8.8.8.8")).toBe(false);
  expect(await isPrivateHost("example.com", resolveTo("8.8.8.8"))).toBe(false);
  expect(await isPrivateHost("example.com", resolveTo("8.8.8.8", "127.0.0.1"))).toBe(true);
});

/** What connecting came to: the code of the error, or that there is a connection. */
function connectTo(hostname: string, port: string, resolve?: Resolve): Promise<string> {
  const connect = publicConnector({ timeout: 2_000 }, resolve);
  return new Promise((done) => {
    connect({ hostname, protocol: "http:", port }, (error, socket) => {
      socket?.destroy();
      done(error === null ? "connected" : String((error as NodeJS.ErrnoException).code));
    });
  });
}

it("the address that is connected to is judged, whatever the name led to before", async () => {
  let connections = 0;
  const { port } = new URL(await serveTcp(() => connections++));
  const answers = ["8.8.8.8", "127.0.0.1"];
  const rebinding: Resolve = (hostname, options, callback) =>
    resolveTo(answers.shift() ?? "127.0.0.1")(hostname, options, callback);
  expect(await isPrivateHost("rebinding.example", rebinding)).toBe(false);
  expect(await connectTo("rebinding.example", port, rebinding)).toBe("EPRIVATEADDRESS");
  expect(await connectTo("127.0.0.1", port)).toBe("EPRIVATEADDRESS");
  expect(await connectTo("localhost", port)).toBe("EPRIVATEADDRESS");
  expect(connections).toBe(0);
});
