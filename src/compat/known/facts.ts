import type { KnownMessage } from "./messages.ts";

/** The two codes in `23101` or `231001`; undefined where they are not known. */
export function literalNetwork(mccmnc: string | null): { mcc: string; mnc: string } | undefined {
  const [, mcc, mnc] = /^(\d{3})(\d{1,3})$/.exec(mccmnc ?? "") ?? [];
  return mcc === undefined || mnc === undefined ? undefined : { mcc, mnc };
}

const places = 6;

/** The price of one part, with as many places as prices have; undefined when it is not known. */
export function pricePerPart({
  cost,
  segments,
}: Pick<KnownMessage, "cost" | "segments">): string | undefined {
  if (cost === null) return undefined;
  if (segments === 1) return cost;
  const [whole = "0", fraction = ""] = cost.split(".");
  const units = BigInt(whole + fraction.padEnd(places + 2, "0").slice(0, places + 2));
  const share = String(units / BigInt(segments)).padStart(places + 3, "0");
  const [front, back] = [share.slice(0, -places - 2), share.slice(-places - 2).replace(/0+$/, "")];
  return back === "" ? front : `${front}.${back}`;
}
