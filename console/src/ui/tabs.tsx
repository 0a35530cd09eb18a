import { Tabs } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import type { ApiScope } from "../gql/graphql.ts";
import { useSession } from "../session.tsx";

/** A tab, and the scopes of which the key needs one to see it. */
export interface OpenTab {
  name: string;
  title: string;
  content: ReactNode;
  anyOf: readonly ApiScope[];
}

interface TabbedPageProps {
  tabs: readonly OpenTab[];
  /** Its name; the first one when there is none. */
  chosen: string | undefined;
  onChoose: (name: string) => void;
}

export function TabbedPage({ tabs, chosen, onChoose }: TabbedPageProps) {
  const { scopes } = useSession().viewer;
  const open = tabs.filter(({ anyOf }) => anyOf.some((scope) => scopes.includes(scope)));
  return (
    <Tabs.Root
      value={open.some(({ name }) => name === chosen) ? chosen : open[0]?.name}
      onValueChange={(name) => onChoose(String(name))}
    >
      <Tabs.List className="tabs">
        {open.map(({ name, title }) => (
          <Tabs.Tab key={name} value={name} className="tab">
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {open.map(({ name, content }) => (
        <Tabs.Panel key={name} value={name}>
          {content}
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  );
}
