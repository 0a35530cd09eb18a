import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { Allowed } from "./not-allowed.tsx";
import { placesOf } from "./places.ts";
import { signOut, useSession } from "./session.tsx";
import { settings } from "./settings.ts";
import { useStore } from "./store.ts";
import { setTheme, theme, type Theme } from "./theme.ts";
import { Icon, Logo, type IconName } from "./ui/icons.tsx";
import { numbersShown } from "./ui/number.tsx";

export function Shell() {
  const { viewer } = useSession();
  const main = useRef<HTMLElement>(null);
  // Of the page that is shown: its address changes before it does.
  const path = useRouterState({ select: ({ matches }) => matches.at(-1)?.pathname ?? "/" });
  const shown = useRef(path);
  // Another page begins at its top, for those who read it by ear too.
  useEffect(() => {
    if (shown.current !== path) main.current?.focus({ preventScroll: true });
    shown.current = path;
  }, [path]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <aside className="side">
        <Link to="/" className="brand">
          <Logo />
          <span>smsgraph</span>
        </Link>
        <nav aria-label="Pages">
          {placesOf(viewer.scopes).map(({ to, name, icon }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: to === "/", includeSearch: false }}
              className="place"
            >
              <Icon name={icon} />
              {name}
            </Link>
          ))}
        </nav>
        <div className="side-foot">
          {settings.graphiql && (
            <a className="place" href="/graphql">
              GraphiQL
            </a>
          )}
          <button type="button" className="place" onClick={signOut}>
            Sign out
          </button>
        </div>
      </aside>
      <div className="body">
        <header className="top">
          <span className="account">
            <strong>{viewer.accountName}</strong>
            <span className="quiet">{viewer.keyName}</span>
          </span>
          <Connection />
          <NumberSwitch />
          <ThemeSwitch />
        </header>
        <main id="main" ref={main} tabIndex={-1}>
          <Allowed path={path}>
            <Outlet />
          </Allowed>
        </main>
      </div>
    </div>
  );
}

function Connection() {
  const state = useStore(useSession().connection);
  if (!state) return null;
  const texts = { connected: "Live", reconnecting: "Reconnecting", refused: "Not live" };
  return (
    <span
      role="status"
      className={`connection ${state.state}`}
      title={"problem" in state ? state.problem.message : undefined}
    >
      {texts[state.state]}
    </span>
  );
}

function NumberSwitch() {
  const isShown = useStore(numbersShown);
  return (
    <button
      type="button"
      className="button ghost"
      aria-pressed={isShown}
      onClick={() => numbersShown.set(!isShown)}
    >
      <Icon name="eye" />
      <span>{isShown ? "Hide numbers" : "Show numbers"}</span>
    </button>
  );
}

const themes: readonly { value: Theme; icon: IconName; next: Theme }[] = [
  { value: "system", icon: "system", next: "light" },
  { value: "light", icon: "sun", next: "dark" },
  { value: "dark", icon: "moon", next: "system" },
];

function ThemeSwitch() {
  const value = useStore(theme);
  const now = themes.find((each) => each.value === value) ?? themes[0];
  if (!now) return null;
  return (
    <button
      type="button"
      className="button ghost"
      aria-label={`Colours: ${value}. Change to ${now.next}.`}
      title={`Colours: ${value}`}
      onClick={() => setTheme(now.next)}
    >
      <Icon name={now.icon} />
    </button>
  );
}
