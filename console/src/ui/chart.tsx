import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useStore } from "../store.ts";
import { theme } from "../theme.ts";

interface Line {
  label: string;
  /** Name of a custom property with its colour. */
  colour: string;
  fill?: boolean;
}

interface ChartProps {
  label: string;
  lines: readonly Line[];
  /** Seconds since 1970, then the values of each line. */
  columns: readonly (readonly (number | null)[])[];
  height?: number;
}

/** Lines over time. Holds a hundred thousand points; a screen reader gets the label, the page says the numbers. */
export function Chart({ label, lines, columns, height = 200 }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const isDark = useIsDark();
  const names = lines.map((line) => line.label).join();

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const made = new uPlot(optionsFor(element, lines, height), columns as uPlot.AlignedData, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
    // Data comes below; colours are read anew in another theme.
  }, [isDark, names, height]);
  useEffect(() => plot.current?.setData(columns as uPlot.AlignedData), [columns]);
  return <div ref={frame} className="chart" role="img" aria-label={label} />;
}

function useIsDark(): boolean {
  const chosen = useStore(theme);
  return chosen === "dark" || (chosen === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
}

function optionsFor(element: HTMLElement, lines: readonly Line[], height: number): uPlot.Options {
  const colourOf = colourReader(element);
  const axis: uPlot.Axis = {
    stroke: colourOf("--quiet"),
    grid: { stroke: colourOf("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui",
  };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, size: 30, values: (_plot, ticks) => ticks.map(formatTick) },
      { ...axis, size: 46 },
    ],
    series: [
      {},
      ...lines.map(({ label, colour, fill }) => ({
        label,
        stroke: colourOf(colour),
        width: 1.5,
        points: { show: false },
        ...(fill && { fill: `color-mix(in srgb, ${colourOf(colour)} 12%, transparent)` }),
      })),
    ],
  };
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const withSeconds = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

function formatTick(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0) return day.format(date);
  return (date.getSeconds() === 0 ? clock : withSeconds).format(date);
}

/** `light-dark()` is resolved by the browser only where a property uses it. */
function colourReader(element: HTMLElement): (name: string) => string {
  const probe = document.createElement("span");
  element.append(probe);
  queueMicrotask(() => probe.remove());
  return (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
}
