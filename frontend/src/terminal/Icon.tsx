// The small pictures of the terminal's buttons; their words are beside them or in their names.

const PATHS = {
  find: "M7 2.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6zM10.6 10.6l3.4 3.4",
  copy: "M5.5 5.5h7.3v8.3H5.5zM3.2 10.5V2.2h7.3",
  save: "M8 2v8M4.6 7 8 10.4 11.4 7M2.6 13.6h10.8",
  clear: "M2.6 4.2h10.8M6.2 4V2.4h3.6V4M4 4.4l.7 9.2h6.6l.7-9.2",
  links:
    "M6.6 9.4a2.7 2.7 0 0 0 3.8 0l2.4-2.4a2.7 2.7 0 0 0-3.8-3.8l-.8.8M9.4 6.6a2.7 2.7 0 0 0-3.8 0L3.2 9a2.7 2.7 0 0 0 3.8 3.8l.8-.8",
  options: "M2 4.6h6M11.6 4.6H14M2 11.4h2.4M8 11.4h6M9.8 2.8v3.6M6.2 9.6v3.6",
  share:
    "M5.6 7.4a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.4 13.4c0-2.3 1.8-3.8 4.2-3.8s4.2 1.5 4.2 3.8M12.4 5.2v5M9.9 7.7h5",
  up: "M8 13V3.4M3.8 7.4 8 3.2l4.2 4.2",
  down: "M8 3v9.6M3.8 8.6 8 12.8l4.2-4.2",
  close: "M3.6 3.6l8.8 8.8M12.4 3.6l-8.8 8.8",
} as const;

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
