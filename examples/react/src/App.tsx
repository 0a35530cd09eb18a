import { useState } from "react";
import { Provider } from "urql";
import { KeyForm } from "./KeyForm.tsx";
import { MessageList } from "./MessageList.tsx";
import { SendForm } from "./SendForm.tsx";
import { openSession, type Connection, type Session } from "./session.ts";
import { useStore } from "./store.ts";
import { Timeline } from "./Timeline.tsx";

const keyInAddress = new URLSearchParams(location.search).get("key");

export function App() {
  const [session, setSession] = useState(() => (keyInAddress ? openSession(keyInAddress) : undefined));
  if (!session) return <KeyForm onKey={(key) => setSession(openSession(key))} />;
  return (
    <Provider value={session.client}>
      <Page {...session} />
    </Provider>
  );
}

function Page({ connection, live }: Session) {
  const { messages, eventCount, problem } = useStore(live);
  const [selectedId, select] = useState<string>();
  const selected = messages.find(({ id }) => id === selectedId);
  return (
    <>
      <header>
        <h1>smsgraph</h1>
        <ConnectionState state={useStore(connection)} />
        <span className="quiet">
          <output aria-label="Events">{eventCount}</output> events
        </span>
        {problem && <span role="alert">{problem}</span>}
      </header>
      <main>
        <section>
          <SendForm />
          <MessageList messages={messages} selectedId={selectedId} onSelect={select} />
        </section>
        {selected && <Timeline message={selected} />}
      </main>
    </>
  );
}

const connectionTexts: Record<Connection, string> = {
  connecting: "connecting",
  connected: "live",
  reconnecting: "connection lost, trying again",
  refused: "the key was refused",
};

const ConnectionState = ({ state }: { state: Connection }) => (
  <span role="status" className={`connection ${state}`}>
    {connectionTexts[state]}
  </span>
);
