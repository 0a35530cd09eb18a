const clock: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const day: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };

const today = new Intl.DateTimeFormat(undefined, clock);
const thisYear = new Intl.DateTimeFormat(undefined, { ...day, ...clock });
const earlier = new Intl.DateTimeFormat(undefined, {
  ...day,
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
});

/** A time in the viewer's zone, and in UTC on hover. */
export function Time({ at, none = "–" }: { at: string | null | undefined; none?: string }) {
  if (!at) return <span className="quiet">{none}</span>;
  const date = new Date(at);
  return (
    <time dateTime={at} title={`${at.slice(0, 19).replace("T", " ")} UTC`}>
      {formatTime(date)}
    </time>
  );
}

function formatTime(date: Date): string {
  const now = new Date();
  if (date.toDateString() === now.toDateString()) return today.format(date);
  return (date.getFullYear() === now.getFullYear() ? thisYear : earlier).format(date);
}

const units = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
] as const;

/** A length of time in its two greatest units: `3 h 20 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
  const index = units.findIndex(([size]) => seconds >= size);
  const [size, name] = units[index] ?? [1, "s"];
  const [lower, lowerName] = units[index + 1] ?? [1, "s"];
  const rest = Math.floor((seconds % size) / lower);
  return `${Math.floor(seconds / size)} ${name}${rest > 0 ? ` ${rest} ${lowerName}` : ""}`;
}
