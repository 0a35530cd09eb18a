export const weekdays = [
  "MONDAY",
  "TUESDAY",
  "WEDNESDAY",
  "THURSDAY",
  "FRIDAY",
  "SATURDAY",
  "SUNDAY",
] as const;

export type Weekday = (typeof weekdays)[number];

/** Days as a set of bits, Monday first. */
export const setOfDays = (days: readonly Weekday[]): number =>
  days.reduce((set, day) => set | (1 << weekdays.indexOf(day)), 0);
