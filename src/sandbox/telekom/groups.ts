import type { Group } from "../../wire/telekom/rows.ts";

const names = ["Morning", "Noon", "Evening", "Weekend", "Reminders", "Campaigns", "Paused"];

/** The first id and the note are from the documentation; the last group is paused. */
export const groups: readonly Group[] = names.map((name, index) => ({
  id: 1000 + index,
  name,
  isPaused: name === "Paused",
  note: "Text",
}));
