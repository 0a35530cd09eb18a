import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { MessageRowFragment } from "../../gql/graphql.ts";
import { Money } from "../../ui/money.tsx";
import { PhoneNumber } from "../../ui/number.tsx";
import { Status } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";

const rowHeight = 40;
const headHeight = 36;

/** Any number of rows: only those in sight are in the page. */
export function Rows({ rows, onEnd }: { rows: readonly MessageRowFragment[]; onEnd: () => void }) {
  const frame = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    paddingStart: headHeight,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 10) onEnd();
  }, [last, rows.length, onEnd]);
  return (
    <div className="card flush">
      <div
        ref={frame}
        className="rows"
        role="table"
        aria-label="Messages"
        aria-rowcount={rows.length}
        tabIndex={0}
      >
        <div className="message-grid message-head" role="row">
          {["To", "Text", "Status", "Provider", "Cost", "Accepted"].map((head) => (
            <span key={head} role="columnheader">
              {head}
            </span>
          ))}
        </div>
        <div className="rows-body" role="rowgroup" style={{ height: virtual.getTotalSize() - headHeight }}>
          {items.map(({ index, start, key }) => {
            const row = rows[index];
            return row && <Row key={key} row={row} index={index} top={start - headHeight} />;
          })}
        </div>
      </div>
    </div>
  );
}

function Row({ row, index, top }: { row: MessageRowFragment; index: number; top: number }) {
  const { id, to, text, status, provider, cost, estimatedCost, createdAt } = row;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className="message-grid message-row"
      style={{ transform: `translateY(${top}px)` }}
    >
      <span role="cell">
        <Link to="/messages/$id" params={{ id }} preload={false}>
          <PhoneNumber value={to} />
        </Link>
      </span>
      <span role="cell" className="text" title={text}>
        {text}
      </span>
      <span role="cell">
        <Status status={status} />
      </span>
      <span role="cell" className="clip quiet">
        {provider?.name ?? "–"}
      </span>
      <span role="cell" className={cost ? "" : "quiet"}>
        <Money value={cost ?? estimatedCost} />
      </span>
      <span role="cell" className="quiet">
        <Time at={createdAt} />
      </span>
    </div>
  );
}
