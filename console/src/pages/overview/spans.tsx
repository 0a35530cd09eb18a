import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";
import type { StatisticsBucket } from "../../gql/graphql.ts";

/** How far back, and in which steps. */
export interface Span {
  title: string;
  seconds: number;
  bucket: StatisticsBucket;
  bucketSeconds: number;
}

const [minute, hour, day] = [60, 3600, 86_400];

export const spans = {
  hour: { title: "Hour", seconds: hour, bucket: "MINUTE", bucketSeconds: minute },
  day: { title: "Day", seconds: day, bucket: "HOUR", bucketSeconds: hour },
  month: { title: "30 days", seconds: 30 * day, bucket: "DAY", bucketSeconds: day },
} as const satisfies Record<string, Span>;

export type SpanName = keyof typeof spans;

const names = Object.keys(spans) as SpanName[];

/** Rounded to whole steps, so that the same minute asks the same. */
export function rangeOf({ seconds, bucketSeconds }: Span, now: number): { from: string; until: string } {
  const until = Math.ceil(now / 1000 / 60) * 60;
  const from = Math.floor((until - seconds) / bucketSeconds) * bucketSeconds;
  return { from: new Date(from * 1000).toISOString(), until: new Date(until * 1000).toISOString() };
}

interface SpanSwitchProps {
  chosen: SpanName;
  onChoose: (name: SpanName) => void;
}

export const SpanSwitch = ({ chosen, onChoose }: SpanSwitchProps) => (
  <RadioGroup className="segments" aria-label="How far back" value={chosen} onValueChange={onChoose}>
    {names.map((name) => (
      <Radio.Root key={name} value={name} className="segment" aria-label={spans[name].title}>
        {spans[name].title}
      </Radio.Root>
    ))}
  </RadioGroup>
);
