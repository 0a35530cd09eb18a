import { inWords } from "../../ui/status.tsx";
import { formatCount } from "../../ui/money.tsx";
import { series, type Tally } from "./rates.ts";

/** What the colours of a chart mean, and what its lines add up to. */
export const Legend = ({ sums }: { sums?: Tally | undefined }) => (
  <span className="legend">
    {series.map((name) => (
      <span key={name} className={`swatch-${name}`}>
        {inWords(name)} {sums && <strong className="figure">{formatCount(sums[name])}</strong>}
      </span>
    ))}
  </span>
);
