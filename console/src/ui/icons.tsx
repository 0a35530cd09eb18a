export const Logo = () => (
  <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
    <path d="M6 4h20a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H15l-7 6v-6H6a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z" />
    <g>
      <circle cx="10" cy="14" r="2" />
      <circle cx="16" cy="14" r="2" />
      <circle cx="22" cy="14" r="2" />
    </g>
  </svg>
);

const paths = {
  overview: "M2.5 13.5v-5m3.7 5v-9m3.6 9v-7m3.7 7v-11",
  messages: "M2.5 3.5h11v8h-7l-3 2.5v-2.5h-1z",
  inbound: "M2.5 3.500h11v8h-7l-3 2.500v-2.500h-1zM10.500 7.500h-5m2-2-2 2 2 2",
  receipts: "M4 2.500h8v11l-2-1.300-2 1.300-2-1.300-2 1.300zM6.300 6h3.400M6.300 8.700h3.400",
  send: "M2.5 8 13.5 3 10 13.5 7.5 9z",
  campaigns: "M3 6.5v3l7 3v-9zM10 6.5h1.5a1.5 1.5 0 0 1 0 3H10M5 10v3h2v-2.2",
  providers: "M3 3h10v4H3zM3 9h10v4H3zM5 5h.01M5 11h.01",
  routing:
    "M3 4h3c4 0 4 8 8 8m-2-2 2 2-2 2M3 12h3c1.2 0 2-.7 2.700-1.700M9.300 5.700C10 4.700 10.800 4 12 4h2m-2-2 2 2-2 2",
  access: "M9 7a3 3 0 1 0-1.500 2.600L9 11h1.500v1.500H12V14h2v-2L9 7.800A3 3 0 0 0 9 7",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1.500v1M8 13.500v1M1.500 8h1M13.500 8h1M3.400 3.400l.7.7M11.900 11.900l.7.7M3.400 12.600l.7-.7M11.900 4.100l.7-.7",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3 5.500 5.500 0 1 0 13 9.500z",
  system: "M2.500 3.500h11v7h-11zM6 13.500h4M8 10.500v3",
  eye: "M1.500 8S4 3.500 8 3.500 14.500 8 14.500 8 12 12.500 8 12.500 1.500 8 1.500 8zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
  more: "M4 8h.01M8 8h.01M12 8h.01",
} as const;

export type IconName = keyof typeof paths;

export const Icon = ({ name }: { name: IconName }) => (
  <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={paths[name]} />
  </svg>
);
