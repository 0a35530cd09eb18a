import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { isInRanges, type AddressRange } from "../lib/address-ranges.ts";

/** Where a request comes from; undefined when its connection is gone. */
export type AddressOf = (request: IncomingMessage) => string | undefined;

/**
 * The address of whoever sent a request. Of a proxy that is trusted, `X-Forwarded-For` counts: each proxy adds
 * the address that it was called from, so it is read from the end as long as it names trusted proxies.
 */
export function callerAddress(
  { socket, headers }: Pick<IncomingMessage, "socket" | "headers">,
  trusted: readonly AddressRange[],
): string | undefined {
  let address = plain(socket.remoteAddress ?? "");
  if (headers["x-forwarded-for"] === undefined) return address;
  const forwarded = [headers["x-forwarded-for"]].flat().join(",").split(",");
  for (const hop of forwarded.toReversed()) {
    if (address === undefined || !isInRanges(address, trusted)) return address;
    address = plain(hop.trim()) ?? address;
  }
  return address;
}

/** What the latest addresses are in their plain form: reading one costs as much as much of a small request. */
const known = new Map<string, string | undefined>();
const mostKnown = 1_000;
const mostCharacters = 64;

function plain(text: string): string | undefined {
  if (text.length > mostCharacters) return read(text);
  if (known.has(text)) return known.get(text);
  if (known.size >= mostKnown) known.clear();
  const address = read(text);
  known.set(text, address);
  return address;
}

/** Without the port that some proxies add. An IPv4 address written as IPv6 is IPv4. */
function read(text: string): string | undefined {
  const bare = /^\[(.*)\](:\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  return isIP(bare) !== 0 ? ipaddr.process(bare).toString() : undefined;
}
