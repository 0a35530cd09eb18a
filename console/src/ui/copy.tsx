import { useState } from "react";

/** A text to take along, such as a URL or a secret. */
export function Copyable({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <span className="copyable">
      <code>{text}</code>
      <button type="button" className="button small" onClick={copy} aria-label={`Copy ${label}`}>
        {isCopied ? "Copied" : "Copy"}
      </button>
    </span>
  );
}
