import { useState } from "react";
import { useQuery } from "../../query.ts";
import {
  AuditLogDocument,
  everyAuditAction,
  type AuditAction,
  type AuditLogQuery,
} from "../../gql/graphql.ts";
import { RangeFields, rangeIn, SearchForm } from "../../search-form.tsx";
import { TargetLink, useTargets, type Targets } from "../../targets.tsx";
import { changesOf } from "./audit-changes.ts";
import { Empty, Loading } from "../../ui/empty.tsx";
import { Select } from "../../ui/field.tsx";
import { Card } from "../../ui/page.tsx";
import { Pager, usePages } from "../../ui/pager.tsx";
import { Problem, wordsOf } from "../../ui/problem.tsx";
import { inWords } from "../../ui/status.tsx";
import { Time } from "../../ui/time.tsx";

type Entry = AuditLogQuery["auditLog"]["edges"][number]["node"];

interface Search {
  action?: AuditAction | undefined;
  from?: string | undefined;
  until?: string | undefined;
}

/** Who changed what, and what was there before. */
export function AuditLog() {
  const [search, setSearch] = useState<Search>({});
  const { action, from: since, until } = search;
  const pages = usePages([action, since, until]);
  const filter = { actions: action ? [action] : undefined, since, until };
  const [{ data, error }] = useQuery({
    query: AuditLogDocument,
    variables: { filter, after: pages.after },
    requestPolicy: "cache-and-network",
  });
  const rows = data?.auditLog.edges.map(({ node }) => node);
  const targets = useTargets(rows?.map(({ targetId }) => targetId));

  return (
    <Card title="Audit log">
      <SearchForm
        label="Audit log"
        search={search}
        isInner
        onSearch={(form) =>
          setSearch({ action: form["action"] as AuditAction | undefined, ...rangeIn(form) })
        }
      >
        <Select
          label="What was done"
          name="action"
          defaultValue={action ?? ""}
          options={[["", "Anything"], ...everyAuditAction.map((each) => [each, inWords(each)] as const)]}
        />
        <RangeFields range={search} />
      </SearchForm>
      <Problem>{wordsOf(error)}</Problem>
      {!rows && !error && <Loading />}
      {rows?.length === 0 && <Empty title="Nothing was changed" />}
      <ol className="entries" aria-label="Audit log">
        {rows?.map((entry) => (
          <Line key={entry.id} entry={entry} targets={targets} />
        ))}
      </ol>
      <Pager pages={pages} info={data?.auditLog.pageInfo} />
    </Card>
  );
}

interface LineProps {
  entry: Entry;
  targets: Targets;
}

function Line({ entry: { at, action, actor, targetId, before, after }, targets }: LineProps) {
  const changes = changesOf(before, after);
  return (
    <li>
      <div className="row">
        <strong>{inWords(action)}</strong>
        {targetId && <TargetLink id={targetId} targets={targets} />}
        <span className="quiet entry-time">
          <Time at={at} />
        </span>
      </div>
      <p className="quiet small">
        {actorInWords(actor)}
        {actor.address && ` from ${actor.address}`}
      </p>
      {changes.length > 0 && (
        <ul className="changes small">
          {changes.map(([name, earlier, later]) => (
            <li key={name}>
              <span className="quiet">{name}</span> {earlier !== undefined && <del>{earlier}</del>}{" "}
              {later !== undefined && <ins>{later}</ins>}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

const actorInWords = ({ kind, keyName, keyPrefix, command }: Entry["actor"]): string =>
  kind === "API_KEY"
    ? `${keyName ?? "A key"}${keyPrefix ? ` (${keyPrefix}…)` : ""}`
    : kind === "COMMAND"
      ? (command ?? "A command on the server")
      : "smsgraph itself";
