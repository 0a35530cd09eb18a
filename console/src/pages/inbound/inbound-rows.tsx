import { Link } from "@tanstack/react-router";
import type { InboundRowFragment } from "../../gql/graphql.ts";
import { PhoneNumber } from "../../ui/number.tsx";
import { Time } from "../../ui/time.tsx";

export const InboundRows = ({ rows }: { rows: readonly InboundRowFragment[] }) => (
  <ul className="entries" aria-label="Inbound messages">
    {rows.map((row) => (
      <Row key={row.id} row={row} />
    ))}
  </ul>
);

function Row({ row: { id, from, to, text, createdAt, provider, answers } }: { row: InboundRowFragment }) {
  return (
    <li>
      <div className="row">
        <Link to="/messages/$id" params={{ id }}>
          <PhoneNumber value={from} />
        </Link>
        <span className="quiet small">
          to {to}
          {provider && ` · ${provider.name}`}
        </span>
        <span className="quiet entry-time">
          <Time at={createdAt} />
        </span>
      </div>
      <p className="bubble">{text}</p>
      {answers && (
        <p className="quiet small">
          In answer to{" "}
          <Link to="/messages/$id" params={{ id: answers.id }}>
            “{answers.text}”
          </Link>
          {answers.campaign && (
            <>
              {" "}
              of{" "}
              <Link to="/campaigns/$id" params={{ id: answers.campaign.id }}>
                {answers.campaign.name}
              </Link>
            </>
          )}
        </p>
      )}
    </li>
  );
}
