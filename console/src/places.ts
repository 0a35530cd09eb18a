import type { ApiScope } from "./gql/graphql.ts";
import type { IconName } from "./ui/icons.tsx";

/** The scopes that a page needs: one of each list. */
type Needs = readonly (readonly ApiScope[])[];

interface Place {
  to:
    | "/"
    | "/messages"
    | "/inbound"
    | "/send"
    | "/campaigns"
    | "/providers"
    | "/routing"
    | "/receipts"
    | "/access";
  name: string;
  icon: IconName;
  needs: Needs;
}

/** The pages of the navigation. A page that works with several scopes shows the parts that the key may see. */
export const places: readonly Place[] = [
  { to: "/", name: "Overview", icon: "overview", needs: [["READ"]] },
  { to: "/messages", name: "Messages", icon: "messages", needs: [["READ"]] },
  { to: "/inbound", name: "Inbound", icon: "inbound", needs: [["READ"]] },
  { to: "/send", name: "Send", icon: "send", needs: [["SEND"], ["READ"]] },
  { to: "/campaigns", name: "Campaigns", icon: "campaigns", needs: [["READ"]] },
  { to: "/providers", name: "Providers", icon: "providers", needs: [["READ"]] },
  { to: "/routing", name: "Routing", icon: "routing", needs: [["READ", "PROVIDERS", "BILLING"]] },
  { to: "/receipts", name: "Receipts", icon: "receipts", needs: [["ADMIN"]] },
  { to: "/access", name: "Access", icon: "access", needs: [["READ", "KEYS", "WEBHOOKS", "BILLING"]] },
];

/** Pages below those of the navigation that need more. */
const below: readonly { path: string; needs: Needs }[] = [
  { path: "/campaigns/new", needs: [["CAMPAIGNS"], ["READ"]] },
  { path: "/providers/connect", needs: [["PROVIDERS"], ["READ"]] },
  { path: "/access/webhooks", needs: [["WEBHOOKS"]] },
];

const isOpenTo = (needs: Needs, scopes: readonly ApiScope[]): boolean =>
  needs.every((anyOf) => anyOf.some((scope) => scopes.includes(scope)));

export const placesOf = (scopes: readonly ApiScope[]): readonly Place[] =>
  places.filter(({ needs }) => isOpenTo(needs, scopes));

/** What the key lacks for the page at this path; undefined when it lacks nothing. */
export function lackedFor(path: string, scopes: readonly ApiScope[]): readonly ApiScope[] | undefined {
  const isAt = (start: string): boolean => path === start || (start !== "/" && path.startsWith(`${start}/`));
  const found = below.find((each) => isAt(each.path)) ?? places.find(({ to }) => isAt(to));
  return found?.needs.find((anyOf) => !isOpenTo([anyOf], scopes));
}
