import { Link } from "@tanstack/react-router";
import type { CallbackRowFragment } from "../../gql/graphql.ts";
import { MaskedText, PhoneNumber } from "../../ui/number.tsx";
import { Badge, Status } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";
import { ignoredReasons } from "../messages/ignored-reasons.ts";
import { ReadAgain } from "./reprocess.tsx";

type Receipt = CallbackRowFragment["receipts"][number];

const fates: Readonly<Record<Receipt["fate"], string>> = {
  APPLIED: "It changed the message.",
  IGNORED: "It changed nothing",
  REPEATED: "It only repeated what was known.",
  PARKED: "It waits for its message to become known.",
  UNMATCHED: "There is no such message.",
};

/** One callback as it came, and the receipts in it. */
export function Callback({ callback, onChange }: { callback: CallbackRowFragment; onChange: () => void }) {
  const { number, receivedAt, source, state, problem, provider, receipts } = callback;
  return (
    <li>
      <div className="row">
        <strong>{provider?.name ?? "A provider that is gone"}</strong>
        {state === "QUARANTINED" && <Badge tone="bad">Not understood</Badge>}
        {state === "UNREAD" && <Badge tone="warn">Not read yet</Badge>}
        <span className="quiet small">
          {source === "POLL" ? "Taken from its queue" : "Posted"} · number {number}
        </span>
        <span className="quiet entry-time">
          <Time at={receivedAt} />
        </span>
      </div>
      {problem && <p className="problem">{problem}</p>}
      {receipts.length > 0 && (
        <ul className="stack-tight">
          {receipts.map((receipt, index) => (
            <ReceiptLine key={index} receipt={receipt} />
          ))}
        </ul>
      )}
      <RawBody callback={callback} isOpen={state === "QUARANTINED"} />
      {state === "QUARANTINED" && <ReadAgain number={number} onDone={onChange} />}
    </li>
  );
}

function ReceiptLine({ receipt }: { receipt: Receipt }) {
  const { status, providerStatus, providerMessageId, fate, ignoredReason, message } = receipt;
  return (
    <li className="row">
      <Status status={status} />
      <span className="small">“{providerStatus}”</span>
      {message ? (
        <Link to="/messages/$id" params={{ id: message.id }}>
          <PhoneNumber value={message.to} />
        </Link>
      ) : (
        providerMessageId && <code className="small">{providerMessageId}</code>
      )}
      <span className="quiet small">
        {fates[fate]}
        {ignoredReason && `: ${ignoredReasons[ignoredReason]}.`}
      </span>
    </li>
  );
}

interface RawBodyProps {
  callback: Pick<CallbackRowFragment, "body" | "contentType">;
  isOpen?: boolean;
}

/** As the provider sent it. The numbers in it are masked as everywhere. */
export const RawBody = ({ callback: { body, contentType }, isOpen = false }: RawBodyProps) => (
  <details open={isOpen}>
    <summary className="quiet small">As it came{contentType && ` (${contentType})`}</summary>
    <pre className="raw" tabIndex={0}>
      <MaskedText text={body} />
    </pre>
  </details>
);
