import { Link } from "@tanstack/react-router";
import { useQuery } from "./query.ts";
import { TargetsDocument, type TargetsQuery } from "./gql/graphql.ts";
import { useMay } from "./session.tsx";
import { PhoneNumber } from "./ui/number.tsx";

type Target = NonNullable<TargetsQuery["nodes"][number]>;

/** Objects by their global ids: those that are gone have no entry. */
export type Targets = ReadonlyMap<string, Target>;

/** What ids in a list stand for, asked for all at once. */
export function useTargets(given: readonly (string | null | undefined)[] | undefined): Targets {
  const ids = [...new Set(given?.flatMap((id) => id ?? []))];
  const mayRead = useMay("READ");
  const [{ data }] = useQuery({
    query: TargetsDocument,
    variables: { ids },
    pause: ids.length === 0 || !mayRead,
  });
  return new Map(data?.nodes.flatMap((node) => (node ? [[node.id, node] as const] : [])));
}

/** An object that something is about, with the way there. */
export function TargetLink({ id, targets }: { id: string; targets: Targets }) {
  const target = targets.get(id);
  switch (target?.__typename) {
    case "Message":
      return (
        <Link to="/messages/$id" params={{ id }}>
          <PhoneNumber value={target.to} />
        </Link>
      );
    case "Campaign":
      return (
        <Link to="/campaigns/$id" params={{ id }}>
          {target.name}
        </Link>
      );
    case "Provider":
      return (
        <Link to="/providers/$id" params={{ id }}>
          {target.name}
        </Link>
      );
    case "Webhook":
      return (
        <Link to="/access/webhooks/$id" params={{ id }}>
          Its page
        </Link>
      );
    case undefined:
      return <code className="quiet small anywhere">{id}</code>;
    default:
      return null;
  }
}
