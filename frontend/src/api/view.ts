/** View state in the address: filters, tabs, steps, lines, open dialogs. All of it is text. */

const WORDS = [
  "tab",
  "dialog",
  "q",
  "filter",
  "state",
  "task",
  "step",
  "line",
  "model",
  "route",
  "version",
  "group",
  "days",
  "subject",
  "sort",
  "measure",
  "from",
  "to",
  "next",
] as const;

export type ViewState = Partial<Record<(typeof WORDS)[number], string>>;

/** The part of an address behind the question mark, plain: `line=12`, not JSON. */
export function parseView(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function writeView(view: Record<string, unknown>): string {
  const words = Object.entries(view).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(words.map(([word, value]) => [word, String(value)])).toString();
  return text && `?${text}`;
}

/** Keeps the words it knows; anything else in an address is ignored. */
export function readViewState(search: Record<string, unknown>): ViewState {
  const view: ViewState = {};
  for (const word of WORDS) {
    const value = search[word];
    if (typeof value === "string" && value !== "") view[word] = value;
    else if (typeof value === "number") view[word] = String(value);
  }
  return view;
}
