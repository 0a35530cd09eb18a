import { weekdays, type Weekday } from "../../../sms/weekdays.ts";
import { builder } from "../builder.ts";

export const WeekdayEnum = builder.enumType("Weekday", {
  description: "A day of the week.",
  values: {
    MONDAY: { description: "Monday." },
    TUESDAY: { description: "Tuesday." },
    WEDNESDAY: { description: "Wednesday." },
    THURSDAY: { description: "Thursday." },
    FRIDAY: { description: "Friday." },
    SATURDAY: { description: "Saturday." },
    SUNDAY: { description: "Sunday." },
  } satisfies Record<Weekday, { description: string }>,
});

/** The days of a stored set; null for every day. */
export const daysOf = (set: number | null): Weekday[] | null =>
  set === null ? null : weekdays.filter((_, index) => (set & (1 << index)) !== 0);
