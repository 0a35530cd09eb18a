import type { CampaignCountsFieldsFragment } from "../../gql/graphql.ts";
import { formatCount } from "../../ui/money.tsx";
import { inWords, messageStatuses, toneOf } from "../../ui/status.tsx";

type Counts = CampaignCountsFieldsFragment;
type CountName = Exclude<keyof Counts, "total" | "__typename">;

/** `OUTCOME_UNKNOWN` as the counts name it. */
const countName = (status: string): CountName =>
  status.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) as CountName;

/** Best news first, so that the bar fills from the left. */
const order = ["good", "bad", "warn", "busy", "idle"];

const parts = messageStatuses
  .map((status) => ({ status, name: countName(status), tone: toneOf(status) }))
  .toSorted((one, other) => order.indexOf(one.tone) - order.indexOf(other.tone));

export const countIn = (counts: Counts, tone: string): number =>
  parts.reduce((sum, part) => sum + (part.tone === tone ? counts[part.name] : 0), 0);

export function ProgressBar({ counts }: { counts: Counts }) {
  const done = countIn(counts, "good");
  const text = `${formatCount(done)} of ${formatCount(counts.total)} delivered, ${formatCount(countIn(counts, "bad"))} failed`;
  return (
    <div className="bar" role="img" aria-label={text} title={text}>
      {parts
        .filter(({ name, tone }) => counts[name] > 0 && tone !== "idle")
        .map(({ name, tone }) => (
          <span key={name} className={tone} style={{ width: `${(counts[name] / counts.total) * 100}%` }} />
        ))}
    </div>
  );
}

/** Every status that any message has, exactly. */
export const CountsByStatus = ({ counts }: { counts: Counts }) => (
  <dl className="counts" aria-label="Messages by status">
    {parts
      .filter(({ name }) => counts[name] > 0)
      .map(({ name, status, tone }) => (
        <div key={name}>
          <dt className={`badge ${tone}`}>{inWords(status)}</dt>
          <dd className="figure" data-count={status}>
            {formatCount(counts[name])}
          </dd>
        </div>
      ))}
  </dl>
);
