/** A destination network and what one part costs there. */
export interface Network {
  /** Calling code its numbers start with. */
  callingCode: string;
  country: string;
  mcc: string;
  /** Three digits, as the callbacks and rates write it. */
  mnc: string;
  /** Price of one part in ten-thousandths of a euro, so that sums stay exact. */
  price: number;
}

export const pricePerEuro = 10_000;

/** Ukraine is as in the vendor's documentation. The last row takes every number no other row does. */
const networks: readonly Network[] = [
  { callingCode: "380", country: "Ukraine", mcc: "255", mnc: "001", price: 450 },
  { callingCode: "421", country: "Slovakia", mcc: "231", mnc: "001", price: 500 },
  { callingCode: "420", country: "Czechia", mcc: "230", mnc: "001", price: 440 },
  { callingCode: "48", country: "Poland", mcc: "260", mnc: "001", price: 280 },
  { callingCode: "49", country: "Germany", mcc: "262", mnc: "001", price: 750 },
  { callingCode: "43", country: "Austria", mcc: "232", mnc: "001", price: 690 },
  { callingCode: "36", country: "Hungary", mcc: "216", mnc: "030", price: 610 },
  { callingCode: "33", country: "France", mcc: "208", mnc: "001", price: 520 },
  { callingCode: "44", country: "United Kingdom", mcc: "234", mnc: "010", price: 380 },
  { callingCode: "1", country: "United States", mcc: "310", mnc: "260", price: 80 },
  { callingCode: "", country: "International", mcc: "901", mnc: "001", price: 1_000 },
];

const byCallingCode = new Map(networks.map((network) => [network.callingCode, network]));

/** Calling codes are prefix-free, so the first that fits is the only one. */
export function networkOf(number: string): Network {
  for (const length of [1, 2, 3, 0]) {
    const network = byCallingCode.get(number.slice(0, length));
    if (network !== undefined) return network;
  }
  throw new Error("the network table has lost its last row");
}

/** By country and network code together (six digits) or by country code alone. */
export function findNetwork(mccmnc: string, country: string | undefined): Network | undefined {
  const wanted = country?.toLowerCase();
  return networks.find(
    ({ mcc, mnc, country: name }) =>
      (mccmnc === mcc || mccmnc === mcc + mnc) && (wanted === undefined || name.toLowerCase() === wanted),
  );
}
