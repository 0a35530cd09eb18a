import type { LiveMessage } from "./live-messages.ts";
import { Status } from "./Status.tsx";

export interface MessageListProps {
  messages: readonly LiveMessage[];
  selectedId: string | undefined;
  onSelect: (id: string) => void;
}

export function MessageList({ messages, selectedId, onSelect }: MessageListProps) {
  if (messages.length === 0) return <p className="quiet">No messages yet.</p>;
  return (
    <ul className="messages">
      {messages.map(({ id, to, text, status, isFinal }) => (
        <li key={id}>
          <button aria-pressed={id === selectedId} onClick={() => onSelect(id)}>
            <span className="number">{to}</span>
            <span className="text">{text}</span>
            <Status status={status} isFinal={isFinal} />
          </button>
        </li>
      ))}
    </ul>
  );
}
