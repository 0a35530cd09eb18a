import type { Submission } from "../../wire/telekom/requests.ts";
import type { StatusWord } from "../../wire/telekom/rows.ts";

export interface Message {
  id: number;
  /** In the format of the request. */
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
  messages(): Iterable<Message>;
}

/** The sandbox's memory. Beyond `maxMessages`, the oldest messages are dropped. */
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
    messages: () => messages.values(),
  };
}
