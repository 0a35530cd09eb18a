import type { StatusWord } from "./behaviour.ts";
import type { Submission } from "./validation.ts";

export interface Message {
  id: number;
  /** As it was spelled. */
  to: string;
  channel: "sms" | "rcs";
  parts: number;
  status: StatusWord;
  deliveredAt: number | null;
  submission: Submission;
}

export interface TelekomState {
  add(message: Omit<Message, "id">): Message;
  message(id: string): Message | undefined;
}

/** Everything the sandbox remembers. Past `maxMessages` the oldest are forgotten. */
export function createState(firstId: number, maxMessages: number): TelekomState {
  const messages = new Map<string, Message>();
  let nextId = firstId;
  return {
    add(accepted) {
      const message = { ...accepted, id: nextId++ };
      messages.set(String(message.id), message);
      messages.delete(String(message.id - maxMessages));
      return message;
    },
    message: (id) => messages.get(id),
  };
}

/** A cadence group. */
export interface Group {
  id: number;
  name: string;
  isPaused: boolean;
  note: string;
}

const names = ["Morning", "Noon", "Evening", "Weekend", "Reminders", "Campaigns", "Paused"];

/** The first id and the note are those of the documentation; the last group is paused. */
export const groups: readonly Group[] = names.map((name, index) => ({
  id: 1000 + index,
  name,
  isPaused: name === "Paused",
  note: "Text",
}));
