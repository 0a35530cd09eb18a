import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { buildConnector } from "undici";
import { resolvePublic, type Resolve } from "./resolve-public.ts";

/**
 * Blocks requests of users to hosts that only this machine can reach: loopback, private and link-local
 * addresses (including the metadata services of clouds), and everything else that is not public.
 */

/** The host resolved to an address that is not public. */
class PrivateAddressError extends Error {
  readonly code = "EPRIVATEADDRESS";
  constructor() {
    super("the host is in a private network");
  }
}

/** Azure's metadata service. Unlike those of other clouds, it has a public address. */
const publicMetadata = "168.63.129.16";

export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // An IPv4 address written as IPv6 is checked as IPv4.
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) {
    return parsed.range() === "unicast" && parsed.toString() !== publicMetadata;
  }
  const range = parsed.range();
  // NAT64 maps the whole IPv4 Internet to this prefix. The prefix for local use (RFC 8215) is not public.
  if (range === "rfc6052" && parsed.parts[2] === 0) return isPublicAddress(lastFourBytes(parsed));
  return range === "unicast" && parsed.match(globalUnicast);
}

const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

const lastFourBytes = (address: ipaddr.IPv6): string => address.toByteArray().slice(-4).join(".");

const maxLookupMs = 3_000;

/** Loopback by definition (RFC 6761), whether the resolver knows it or not. */
const loopbackName = /^(.+\.)?localhost\.?$/i;

/**
 * Whether the name or one of its current addresses is not public. False for a host that cannot be resolved.
 */
export async function isPrivateHost(hostname: string, resolve: Resolve = resolvePublic): Promise<boolean> {
  const literal = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(literal) !== 0) return !isPublicAddress(literal);
  if (loopbackName.test(literal)) return true;
  if (literal === "") return false;
  return new Promise((done) => {
    const timer = setTimeout(() => done(false), maxLookupMs);
    resolve(literal, { all: true }, (_error, addresses = []) => {
      clearTimeout(timer);
      done(addresses.some(({ address }) => !isPublicAddress(address)));
    });
  });
}

/**
 * Connects to public addresses only. It checks the address that is really connected to, after each
 * resolution. A name that resolves to several addresses, or to a new one, cannot get around it.
 */
export function publicConnector(
  options: buildConnector.BuildOptions,
  resolve: Resolve = resolvePublic,
): buildConnector.connector {
  const connect = buildConnector({ ...options, lookup: guarded(resolve) });
  return (target, callback) => {
    // An IP address needs no resolution, so it is checked here; and servers of names do not know what is loopback.
    const isAddress = isIP(target.hostname) !== 0;
    if (isAddress ? !isPublicAddress(target.hostname) : loopbackName.test(target.hostname)) {
      return callback(new PrivateAddressError(), null);
    }
    return connect(target, callback);
  };
}

function guarded(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    const { family, hints } = options;
    const asked = {
      all: true as const,
      ...(typeof family === "number" && { family }),
      ...(hints && { hints }),
    };
    resolve(hostname, asked, (error, addresses = []) => {
      const [first] = addresses;
      if (error || !first) return callback(error ?? new PrivateAddressError(), "", 0);
      if (!addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new PrivateAddressError(), "", 0);
      }
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}
