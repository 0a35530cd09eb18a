/** A destination network and its price per part. */
export interface Network {
  /** The country calling code of its numbers. */
  callingCode: string;
  country: string;
  mcc: string;
  /** Three digits, as in callbacks and rates. */
  mnc: string;
  /** Price of one part in ten-thousandths of a euro, so that sums are exact. */
  price: number;
}

export const pricePerEuro = 10_000;

/** In euros. */
export const priceText = ({ price }: Network): string => (price / pricePerEuro).toFixed(4);

/** Ukraine is as in the vendor's documentation. The last row is for all other numbers. */
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

/** No calling code is a prefix of another, so the first match is the only one. */
export function networkOf(number: string): Network {
  for (const length of [1, 2, 3, 0]) {
    const network = byCallingCode.get(number.slice(0, length));
    if (network !== undefined) return network;
  }
  throw new Error("the network table has lost its last row");
}

/** By country and network code (six digits), or by country code alone. */
export function findNetwork(mccmnc: string, country: string | undefined): Network | undefined {
  const wanted = country?.toLowerCase();
  return networks.find(
    ({ mcc, mnc, country: name }) =>
      (mccmnc === mcc || mccmnc === mcc + mnc) && (wanted === undefined || name.toLowerCase() === wanted),
  );
}
