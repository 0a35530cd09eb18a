interface Amount {
  amount: string;
  currency: string;
}

/** Exact, as the API has it: never a floating-point number. */
export const formatMoney = ({ amount, currency }: Amount): string => {
  const [whole = "0", fraction = ""] = amount.split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, "\u202f");
  return `${grouped}${fraction ? `.${fraction}` : ""} ${currency === "XXX" ? "(no currency)" : currency}`.trim();
};

export const Money = ({ value, none = "–" }: { value: Amount | null | undefined; none?: string }) =>
  value ? <span className="figure">{formatMoney(value)}</span> : <span className="quiet">{none}</span>;

/** One sum for each currency: they are never added up. */
export const Sums = ({ values, none = "–" }: { values: readonly Amount[]; none?: string }) =>
  values.length > 0 ? (
    <span className="figure">{values.map(formatMoney).join(" + ")}</span>
  ) : (
    <span className="quiet">{none}</span>
  );

const counts = new Intl.NumberFormat("en");

export const formatCount = (count: number): string => counts.format(count);
