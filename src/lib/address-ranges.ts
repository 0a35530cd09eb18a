import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** A range of addresses: its first address, and how many bits of it count. */
export type AddressRange = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Reads `192.0.2.0/24`, `2001:db8::/32` or a single address; undefined when it is neither. */
export function parseAddressRange(text: string): AddressRange | undefined {
  const [address = "", bits] = text.trim().split("/");
  if (isIP(address) === 0) return undefined;
  const first = ipaddr.process(address);
  if (bits === undefined) return [first, first.kind() === "ipv4" ? 32 : 128];
  return ipaddr.isValidCIDR(text.trim()) ? ipaddr.parseCIDR(text.trim()) : undefined;
}

/** Whether an address is in one of the ranges. */
export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  if (ranges.length === 0 || isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  return ranges.some(([first, bits]) => parsed.kind() === first.kind() && parsed.match(first, bits));
}

/** Whether all of a range, as it is written, is in another one. */
export function isRangeIn(text: string, [first, bits]: AddressRange): boolean {
  const range = parseAddressRange(text);
  return (
    range !== undefined && range[1] >= bits && range[0].kind() === first.kind() && range[0].match(first, bits)
  );
}
