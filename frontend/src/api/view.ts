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
  "version",
  "group",
  "days",
  "subject",
  "next",
] as const;

export type ViewState = Partial<Record<(typeof WORDS)[number], string>>;

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
