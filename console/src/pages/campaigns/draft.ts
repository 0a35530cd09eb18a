import type {
  ColumnInput,
  CreateCampaignInput,
  MessagePriority,
  SendWindowInput,
  Weekday,
} from "../../gql/graphql.ts";
import { toInstant } from "../../ui/field.tsx";
import type { Mapping } from "./read-file.ts";

/** A campaign as it is being made. */
export interface Draft {
  file: File | undefined;
  mapping: Mapping | undefined;
  defaultCountry: string;
  keepsDuplicates: boolean;
  name: string;
  text: string;
  from: string;
  providerId: string;
  scheduledAt: string;
  windowStart: string;
  windowEnd: string;
  weekdaysOnly: boolean;
  observesHolidays: boolean;
  endsAt: string;
  timeZone: string;
  perSecond: string;
  priority: MessagePriority;
}

export const emptyDraft: Draft = {
  file: undefined,
  mapping: undefined,
  defaultCountry: "",
  keepsDuplicates: false,
  name: "",
  text: "",
  from: "",
  providerId: "",
  scheduledAt: "",
  windowStart: "",
  windowEnd: "",
  weekdaysOnly: false,
  observesHolidays: false,
  endsAt: "",
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  perSecond: "",
  priority: "NORMAL",
};

export const weekdays = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"] satisfies Weekday[];

export function toInput(draft: Draft): CreateCampaignInput {
  const { mapping, perSecond } = draft;
  const sendWindow = toWindow(draft);
  return {
    file: draft.file,
    sheet: mapping?.head.sheet,
    fileEncoding: mapping?.encoding,
    columns: mapping && columnsOf(mapping),
    defaultCountry: draft.defaultCountry.trim() || undefined,
    duplicates: draft.keepsDuplicates ? "KEEP_ALL" : "FIRST",
    name: draft.name,
    text: draft.text,
    from: draft.from.trim() || undefined,
    providerId: draft.providerId || undefined,
    scheduledAt: toInstant(draft.scheduledAt),
    endsAt: toInstant(draft.endsAt),
    sendWindow,
    timeZone: sendWindow && draft.timeZone,
    messagesPerSecond: perSecond === "" ? undefined : Number(perSecond),
    priority: draft.priority,
  };
}

type Hours = Pick<Draft, "windowStart" | "windowEnd" | "weekdaysOnly" | "observesHolidays">;

/** Days without hours are whole days. */
export function toWindow(
  { windowStart, windowEnd, weekdaysOnly, observesHolidays }: Hours,
  days: readonly Weekday[] = weekdays,
): SendWindowInput | undefined {
  const hasHours = windowStart !== "" && windowEnd !== "";
  if (!hasHours && !weekdaysOnly && !observesHolidays) return undefined;
  return {
    start: hasHours ? windowStart : "00:00",
    end: hasHours ? windowEnd : "24:00",
    days: weekdaysOnly ? [...days] : undefined,
    observeHolidays: observesHolidays,
  };
}

const columnsOf = ({ to, clientRef }: Mapping): ColumnInput[] => [
  { column: to, as: "to" },
  ...(clientRef === "" ? [] : [{ column: clientRef, as: "clientRef" }]),
];
